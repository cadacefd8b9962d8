#include "tests/servers/redis_server.hpp"

#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <signal.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "tests/servers/process.hpp"

namespace codelab::tests {
namespace {

constexpr int kAttempts = 20;

/// Reads what the server says until it says `sign`; false when it ends before that.
bool says(int output, std::string_view sign) {
  std::string said;
  char piece[512];
  while (!said.contains(sign)) {
    const ssize_t size = ::read(output, piece, sizeof piece);
    if (size <= 0) return false;
    said.append(piece, static_cast<std::size_t>(size));
  }
  return true;
}

}  // namespace

std::uint16_t free_port() {
  using boost::asio::ip::tcp;
  boost::asio::io_context context;
  const tcp::acceptor probe(context, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  return probe.local_endpoint().port();
}

std::string output_of(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::string output;
  char piece[512];
  while (const std::size_t size = ::fread(piece, 1, sizeof piece, pipe)) output.append(piece, size);
  if (::pclose(pipe) != 0) throw std::runtime_error(command + ": " + output);
  while (output.ends_with('\n')) output.pop_back();
  return output;
}

RedisServer::RedisServer(std::vector<std::string> settings, Kind kind) : settings_(std::move(settings)), kind_(kind) {
  for (int i = 0; i < kAttempts; ++i) {
    port_ = free_port();
    if (try_start()) return;
  }
  throw std::runtime_error("redis-server does not start");
}

RedisServer::~RedisServer() { stop(); }

void RedisServer::stop() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  ::close(output_);
  process_ = -1;
}

void RedisServer::start() {
  for (int i = 0; i < kAttempts; ++i) {
    if (try_start()) return;
  }
  throw std::runtime_error("redis-server does not start again");
}

bool RedisServer::try_start() {
  const auto config = folder_.path() / "redis.conf";
  {
    std::ofstream out(config);
    if (kind_ == Kind::tls) out << "port 0\ntls-port " << port_ << "\n";
    if (kind_ != Kind::tls) out << "port " << port_ << "\n";
    out << "bind 127.0.0.1\ndir " << folder_.path().string() << "\n";
    if (kind_ != Kind::sentinel) out << "save \"\"\n";
    for (const std::string& line : settings_) out << line << "\n";
  }
  give_to_servers(folder_.path());
  give_to_servers(config);
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return false;
  std::vector<std::string> arguments{config.string()};
  if (kind_ == Kind::sentinel) arguments.emplace_back("--sentinel");
  process_ = start_server("/usr/bin/redis-server", std::move(arguments), pipe[1]);
  ::close(pipe[1]);
  output_ = pipe[0];
  if (says(output_, kind_ == Kind::sentinel ? "Sentinel ID is" : "Ready to accept connections")) return true;
  stop();
  return false;
}

void RedisServer::freeze() { ::kill(process_, SIGSTOP); }
void RedisServer::thaw() { ::kill(process_, SIGCONT); }

std::string RedisServer::cli(const std::string& arguments) const {
  return output_of("redis-cli -p " + std::to_string(port_) + " " + arguments);
}

RedisServer& RedisServer::shared() {
  static RedisServer only;
  return only;
}

infra::redis::Options redis_options(const std::string& url) {
  infra::redis::Options options;
  options.address = infra::redis::parse_address(url).value();
  options.call_timeout = std::chrono::seconds(20);
  options.connect_timeout = std::chrono::seconds(10);
  options.first_backoff = std::chrono::milliseconds(2);
  options.last_backoff = std::chrono::milliseconds(20);
  return options;
}

}  // namespace codelab::tests
