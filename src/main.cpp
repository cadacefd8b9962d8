#include <csignal>

#include <sodium.h>

#include "app/commands.hpp"

int main(int argc, char** argv) {
  // A peer that hangs up is an error of that one write.
  std::signal(SIGPIPE, SIG_IGN);
  if (sodium_init() < 0) return 1;
  return codelab::app::run_command_line(argc, argv);
}
