#include "infra/redis/address.hpp"

#include <charconv>
#include <optional>

#include <boost/url/pct_string_view.hpp>

namespace codelab::infra::redis {
namespace {

using Fault = std::unexpected<std::string>;

constexpr std::uint16_t kSentinelPort = 26379;

std::optional<std::string> decoded(std::string_view text) {
  const auto valid = boost::urls::make_pct_string_view(boost::core::string_view(text.data(), text.size()));
  if (!valid) return std::nullopt;
  return valid->decode();
}

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Splits at the first `mark`; without one everything is the first part.
std::pair<std::string_view, std::string_view> cut(std::string_view text, char mark) {
  const auto at = text.find(mark);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

bool read_scheme(std::string_view scheme, Address& address) {
  if (scheme.starts_with("rediss")) {
    address.tls = true;
    scheme.remove_prefix(6);
  } else if (scheme.starts_with("redis")) {
    scheme.remove_prefix(5);
  } else {
    return false;
  }
  if (scheme == "+sentinel") address.mode = Address::Mode::sentinel;
  if (scheme == "+cluster") address.mode = Address::Mode::cluster;
  return scheme.empty() || address.mode != Address::Mode::single;
}

bool read_credentials(std::string_view text, Address& address) {
  const auto [user, password] = cut(text, ':');
  auto plain_user = decoded(user);
  auto plain_password = decoded(password);
  if (!plain_user || !plain_password) return false;
  address.user = std::move(*plain_user);
  address.password = std::move(*plain_password);
  return true;
}

std::optional<Endpoint> read_endpoint(std::string_view text, std::uint16_t default_port) {
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return std::nullopt;
    if (!port.empty()) port.remove_prefix(1);
  } else {
    std::tie(host, port) = cut(text, ':');
  }
  if (host.empty()) return std::nullopt;
  if (port.empty())
    return text.ends_with(':') ? std::nullopt : std::optional(Endpoint{std::string(host), default_port});
  const auto parsed = number<std::uint16_t>(port);
  if (!parsed || *parsed == 0) return std::nullopt;
  return Endpoint{std::string(host), *parsed};
}

bool read_endpoints(std::string_view hosts, Address& address) {
  const std::uint16_t port = address.mode == Address::Mode::sentinel ? kSentinelPort : Endpoint{}.port;
  for (;;) {
    const auto comma = hosts.find(',');
    auto endpoint = read_endpoint(hosts.substr(0, comma), port);
    if (!endpoint) return false;
    address.endpoints.push_back(std::move(*endpoint));
    if (comma == std::string_view::npos) break;
    hosts.remove_prefix(comma + 1);
  }
  return address.mode != Address::Mode::single || address.endpoints.size() == 1;
}

bool read_database(std::string_view text, Address& address) {
  if (text.empty()) return true;
  const auto database = number<int>(text);
  if (!database || *database < 0) return false;
  address.database = *database;
  return true;
}

}  // namespace

std::expected<Address, std::string> parse_address(std::string_view url) {
  Address address;
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos || !read_scheme(url.substr(0, scheme_end), address)) {
    return Fault("must begin with redis://, redis+sentinel:// or redis+cluster:// (rediss for TLS)");
  }
  auto [authority, path] = cut(url.substr(scheme_end + 3), '/');
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    if (!read_credentials(authority.substr(0, at), address)) return Fault("user or password is badly percent-encoded");
    authority.remove_prefix(at + 1);
  }
  if (!read_endpoints(authority, address)) return Fault("must name a host, or several where the form allows it");
  if (address.mode == Address::Mode::sentinel) {
    const auto [master, database] = cut(path, '/');
    if (master.empty()) return Fault("must name the sentinels' master: redis+sentinel://host,host/master");
    address.master = master;
    path = database;
  }
  if (!read_database(path, address)) return Fault("the database must be a number");
  if (address.mode == Address::Mode::cluster && address.database != 0) return Fault("a cluster has database 0 only");
  return address;
}

}  // namespace codelab::infra::redis
