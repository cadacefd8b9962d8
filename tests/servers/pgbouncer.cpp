#include "tests/servers/pgbouncer.hpp"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/servers/process.hpp"

namespace codelab::tests {
namespace {

constexpr const char* kProgram = "/usr/sbin/pgbouncer";

void write_settings(const std::string& folder, const std::string& server_folder) {
  std::ofstream(folder + "/users.txt") << "\"app\" \"\"\n\"owner\" \"\"\n";
  std::ofstream(folder + "/settings.ini")
      << "[databases]\n* = host=" << server_folder
      << "\n[pgbouncer]\npool_mode = transaction\nauth_type = trust\nauth_file = " << folder
      << "/users.txt\nunix_socket_dir = " << folder
      << "\nlisten_port = 5432\ndefault_pool_size = 3\nlog_connections = 0\n"
         "log_disconnections = 0\nlog_stats = 0\n";
}

}  // namespace

/// It logs little after its start, so nobody has to go on reading.
PgBouncer::PgBouncer(const PostgresServer& server) {
  write_settings(folder(), server.folder());
  give_to_servers(folder());
  int output[2];
  if (::pipe2(output, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  process_ = start_server(kProgram, {folder() + "/settings.ini"}, output[1]);
  ::close(output[1]);
  log_ = output[0];
  std::string said;
  char buffer[4096];
  while (said.find("process up") == std::string::npos) {
    const auto count = ::read(log_, buffer, sizeof buffer);
    if (count <= 0) throw std::runtime_error("PgBouncer does not start: " + said);
    said.append(buffer, static_cast<std::size_t>(count));
  }
}

PgBouncer::~PgBouncer() {
  ::kill(process_, SIGQUIT);
  ::waitpid(process_, nullptr, 0);
  ::close(log_);
}

PgBouncer& PgBouncer::shared() {
  static PgBouncer pooler(PostgresServer::shared());
  return pooler;
}

}  // namespace codelab::tests
