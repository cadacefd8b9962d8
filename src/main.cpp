#include <csignal>
#include <fcntl.h>

#include <sodium.h>

#include "app/commands.hpp"

namespace {

/// The number of a standard stream that is closed would go to the next file or socket, and what is printed or logged
/// with it.
void open_standard_streams() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) == -1) ::open("/dev/null", O_RDWR);
  }
}

}  // namespace

int main(int argc, char** argv) {
  // A peer that hangs up is an error of that one write.
  std::signal(SIGPIPE, SIG_IGN);
  open_standard_streams();
  if (sodium_init() < 0) return 1;
  return codelab::app::run_command_line(argc, argv);
}
