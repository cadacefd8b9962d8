#include "tests/servers/process.hpp"

#include <csignal>
#include <grp.h>
#include <pwd.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <unistd.h>

namespace codelab::tests {
namespace {

const passwd* other_user() {
  if (::geteuid() != 0) return nullptr;
  const passwd* found = ::getpwnam("postgres");
  if (found == nullptr) throw std::runtime_error("there is no user postgres: apt-get install postgresql");
  return found;
}

}  // namespace

pid_t start_server(const std::string& path, std::vector<std::string> arguments, int output) {
  if (::access(path.c_str(), X_OK) != 0) throw std::runtime_error("not installed: " + path);
  arguments.insert(arguments.begin(), path);
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const passwd* user = other_user();
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child > 0) return child;
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  const bool changed =
      user == nullptr || (::setgroups(0, nullptr) == 0 && ::setgid(user->pw_gid) == 0 && ::setuid(user->pw_uid) == 0);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (changed) ::execv(path.c_str(), pointers.data());
  ::_exit(127);
}

void give_to_servers(const std::string& path) {
  const passwd* user = other_user();
  if (user != nullptr && ::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) {
    throw std::runtime_error("cannot give this away: " + path);
  }
}

}  // namespace codelab::tests
