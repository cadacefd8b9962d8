#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace codelab::infra::redis {

struct Endpoint {
  std::string host;
  std::uint16_t port = 6379;

  std::string str() const { return host + ":" + std::to_string(port); }
  auto operator<=>(const Endpoint&) const = default;
};

/// Where Redis is and as whom to enter it.
struct Address {
  enum class Mode : std::uint8_t { single, sentinel, cluster };

  Mode mode = Mode::single;
  bool tls = false;
  /// The server itself; sentinels; some nodes of the cluster.
  std::vector<Endpoint> endpoints;
  std::string user;
  std::string password;
  int database = 0;
  /// The name under which the sentinels know the master.
  std::string master;
};

/// redis://[user[:password]@]host[:port][/database]           one server
/// redis+sentinel://[...@]host[:port],host.../master[/database] the ports default to 26379
/// redis+cluster://[...@]host[:port],host...                  no database but 0
/// With `rediss` instead of `redis` every connection is TLS. User and password may be percent-encoded; `:password@`
/// alone is the default user's. A fault is told in words that hold nothing of user or password.
std::expected<Address, std::string> parse_address(std::string_view url);

}  // namespace codelab::infra::redis

template <>
struct std::hash<codelab::infra::redis::Endpoint> {
  std::size_t operator()(const codelab::infra::redis::Endpoint& endpoint) const noexcept {
    return std::hash<std::string>{}(endpoint.host) * 31 + endpoint.port;
  }
};
