#pragma once

namespace codelab::app {

/// Runs what the command line asks for; the program's exit status.
int run_command_line(int argc, char** argv);

}  // namespace codelab::app
