#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

#include "infra/redis/options.hpp"
#include "tests/contract/temporary_folder.hpp"

namespace codelab::tests {

/// A redis-server of the test's own: on a free loopback port, its files in a folder that goes with it. It dies with
/// the test process, whatever happens to that.
class RedisServer {
 public:
  enum class Kind { plain, tls, sentinel };

  /// `settings` are lines of its configuration file. Returns when it accepts connections.
  explicit RedisServer(std::vector<std::string> settings = {}, Kind kind = Kind::plain);
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  /// At once, without a farewell.
  void stop();
  /// Again, empty, on the same port.
  void start();
  /// It takes connections and bytes, and answers nothing.
  void freeze();
  void thaw();

  std::uint16_t port() const { return port_; }
  std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  const std::filesystem::path& folder() const { return folder_.path(); }
  /// What redis-cli prints for that command. `arguments` are quoted as a shell wants it.
  std::string cli(const std::string& arguments) const;

  /// One for the whole test process.
  static RedisServer& shared();

 private:
  bool try_start();

  std::vector<std::string> settings_;
  Kind kind_;
  TemporaryFolder folder_;
  std::uint16_t port_ = 0;
  pid_t process_ = -1;
  int output_ = -1;
};

/// A loopback port that nobody listens on at this moment.
std::uint16_t free_port();
/// What a shell command prints; throws std::runtime_error when it fails.
std::string output_of(const std::string& command);

/// For quick tests: short pauses between attempts to connect, deadlines as long as a busy machine needs.
infra::redis::Options redis_options(const std::string& url);

}  // namespace codelab::tests
