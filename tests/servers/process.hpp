#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace codelab::tests {

/// Starts a program that ends with this process, as the user postgres where this one is root, as whom such servers
/// refuse to run. What it says goes to the descriptor `output`. Throws std::runtime_error.
pid_t start_server(const std::string& path, std::vector<std::string> arguments, int output);

/// Gives a file or folder to the user as whom servers are started.
void give_to_servers(const std::string& path);

}  // namespace codelab::tests
