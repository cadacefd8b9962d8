#include "infra/postgres/address.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <boost/algorithm/string/split.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/store_error.hpp"
#include "infra/postgres/libpq.hpp"

namespace codelab::infra::postgres {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

/// A server that is gone without a word is noticed within half a minute. GSSAPI would ask a Kerberos server, and block.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kDefaults{{
    {"application_name", "codelab"},
    {"client_encoding", "UTF8"},
    {"gssencmode", "disable"},
    {"keepalives_idle", "15"},
    {"keepalives_interval", "5"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "30000"},
}};

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

/// The hosts that a connection tries, as libpq takes them: lists of one length.
struct Hosts {
  std::vector<std::string> names;
  std::vector<std::string> addresses;
  std::vector<std::string> ports;

  void add(const std::string& name, const std::string& address, const std::string& port) {
    names.push_back(name);
    addresses.push_back(address);
    ports.push_back(port);
  }
};

std::vector<std::string> listed(std::string_view text) {
  std::vector<std::string> parts;
  boost::split(parts, text, [](char letter) { return letter == ','; });
  return parts;
}

/// A socket's folder, an abstract socket or an address in digits.
bool needs_no_lookup(const std::string& host) {
  if (host.empty() || host.front() == '/' || host.front() == '@') return true;
  boost::system::error_code failure;
  asio::ip::make_address(host, failure);
  return !failure;
}

base::Task<std::vector<std::string>> look_up(std::string host) {
  Tcp::resolver resolver(co_await asio::this_coro::executor);
  boost::system::error_code failure;
  const auto found = co_await resolver.async_resolve(host, "", asio::redirect_error(asio::use_awaitable, failure));
  std::vector<std::string> addresses;
  for (const auto& entry : found) {
    auto address = entry.endpoint().address().to_string();
    if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(std::move(address));
  }
  co_return addresses;
}

}  // namespace

Address::Address(const std::string& text) {
  char* said = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(PQconninfoParse(text.c_str(), &said));
  if (!options) {
    // What libpq said may quote the password.
    PQfreemem(said);
    throw base::StoreError("postgres: the address is not a connection string (postgresql://user@host/database)");
  }
  for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) set(option->keyword, option->val);
  }
  for (const auto& [keyword, value] : kDefaults) {
    if (get(keyword).empty()) set(keyword, std::string(value));
  }
}

std::string_view Address::get(std::string_view keyword) const {
  const auto found = std::ranges::find(parameters_, keyword, &Parameter::first);
  return found == parameters_.end() ? std::string_view() : std::string_view(found->second);
}

void Address::set(std::string_view keyword, std::string value) {
  const auto found = std::ranges::find(parameters_, keyword, &Parameter::first);
  if (found == parameters_.end()) {
    parameters_.emplace_back(keyword, std::move(value));
  } else {
    found->second = std::move(value);
  }
}

std::string Address::where() const {
  const auto host = get("host");
  return fmt::format("{}:{}/{}", host.empty() ? "localhost" : host, get("port"), get("dbname"));
}

base::Task<Address> Address::resolved() const {
  Address found = *this;
  const auto names = listed(get("host"));
  const auto ports = listed(get("port"));
  if (!get("hostaddr").empty() || std::ranges::all_of(names, needs_no_lookup)) co_return found;
  if (ports.size() != 1 && ports.size() != names.size()) {
    throw base::StoreError("postgres: the address names another number of ports than of hosts");
  }
  Hosts hosts;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string port = ports.size() == 1 ? ports.front() : ports[i];
    if (needs_no_lookup(names[i])) {
      hosts.add(names[i], "", port);
      continue;
    }
    const auto addresses = co_await look_up(names[i]);
    for (const auto& address : addresses) hosts.add(names[i], address, port);
  }
  if (hosts.names.empty()) throw base::StoreError(fmt::format("postgres: no address is known for {}", get("host")));
  found.set("host", fmt::format("{}", fmt::join(hosts.names, ",")));
  found.set("hostaddr", fmt::format("{}", fmt::join(hosts.addresses, ",")));
  found.set("port", fmt::format("{}", fmt::join(hosts.ports, ",")));
  co_return found;
}

}  // namespace codelab::infra::postgres
