#include "http/trusted_proxies.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <boost/algorithm/string/trim.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <fmt/format.h>

namespace codelab::http {
namespace ip = boost::asio::ip;

namespace {

constexpr unsigned kMappedBits = 96;

std::string trimmed(std::string_view text) { return boost::algorithm::trim_copy(std::string(text)); }

std::optional<ip::address> address_in(std::string_view text) {
  boost::system::error_code error;
  const auto address = ip::make_address(trimmed(text), error);
  return error ? std::nullopt : std::optional(address);
}

ip::address_v6::bytes_type bytes_of(const ip::address& address) {
  return address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()).to_bytes() : address.to_v6().to_bytes();
}

std::optional<unsigned> prefix_in(std::string_view text, unsigned most) {
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
  if (error != std::errc{} || end != text.data() + text.size() || bits > most) return std::nullopt;
  return bits;
}

bool same_prefix(const ip::address_v6::bytes_type& a, const ip::address_v6::bytes_type& b, unsigned bits) {
  for (std::size_t i = 0; bits > 0; ++i) {
    const unsigned here = std::min(bits, 8U);
    const unsigned mask = 0xffU << (8U - here);
    if (((a[i] ^ b[i]) & mask) != 0) return false;
    bits -= here;
  }
  return true;
}

/// Calls `take` for each part of a list between commas, the last one first, until it says false.
template <class Take>
void each_from_the_end(std::string_view list, Take take) {
  while (!list.empty()) {
    const auto comma = list.rfind(',');
    const auto part = comma == std::string_view::npos ? list : list.substr(comma + 1);
    if (!take(part) || comma == std::string_view::npos) return;
    list = list.substr(0, comma);
  }
}

}  // namespace

base::Result<TrustedProxies> TrustedProxies::parse(std::string_view list) {
  TrustedProxies proxies;
  std::optional<std::string> fault;
  each_from_the_end(list, [&](std::string_view part) {
    const auto slash = part.find('/');
    const auto address = address_in(part.substr(0, slash));
    const unsigned width = address && address->is_v4() ? 32 : 128;
    auto bits = std::optional(width);
    if (slash != std::string_view::npos) bits = prefix_in(trimmed(part.substr(slash + 1)), width);
    if (!address || !bits) fault = trimmed(part);
    if (!address || !bits) return false;
    proxies.networks_.push_back({bytes_of(*address), *bits + (address->is_v4() ? kMappedBits : 0)});
    return true;
  });
  if (!fault) return proxies;
  return base::make_error(base::ErrorCode::validation_failed,
                          fmt::format("\"{}\" is neither an address nor a network", *fault));
}

bool TrustedProxies::trusts(const ip::address& address) const {
  const auto bytes = bytes_of(address);
  return std::ranges::any_of(networks_,
                             [&](const Network& each) { return same_prefix(each.address, bytes, each.prefix_bits); });
}

std::string TrustedProxies::client_of(const std::string& peer, std::string_view forwarded_for) const {
  const auto direct = address_in(peer);
  if (!direct || !trusts(*direct)) return peer;
  std::string client = peer;
  each_from_the_end(forwarded_for, [&](std::string_view part) {
    const auto address = address_in(part);
    if (!address) return false;
    client = address->to_string();
    return trusts(*address);
  });
  return client;
}

}  // namespace codelab::http
