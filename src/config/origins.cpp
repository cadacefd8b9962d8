#include "config/origins.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include <fmt/format.h>

namespace codelab::config {
namespace {

constexpr std::string_view kForm = "it must be scheme://host or scheme://host:port";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

bool is_scheme(std::string_view text) {
  const auto fits = [](char c) { return is_lower(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; };
  return !text.empty() && is_lower(text.front()) && std::ranges::all_of(text, fits);
}

/// A name, an IPv4 address, or an IPv6 address in its brackets.
bool is_host(std::string_view text) {
  const auto in_name = [](char c) { return is_lower(c) || is_digit(c) || c == '-' || c == '.' || c == '_'; };
  const auto in_address = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.'; };
  if (text.size() > 2 && text.starts_with('[') && text.ends_with(']')) {
    return std::ranges::all_of(text.substr(1, text.size() - 2), in_address);
  }
  return !text.empty() && std::ranges::all_of(text, in_name);
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port != 0;
}

/// Where the port's colon stands; npos when there is none.
std::size_t port_colon(std::string_view authority) {
  const auto colon = authority.rfind(':');
  return authority.ends_with(']') ? std::string_view::npos : colon;
}

}  // namespace

std::vector<std::string> split_origins(std::string_view list) {
  std::vector<std::string> origins;
  while (!list.empty()) {
    const auto comma = list.find(',');
    const std::string_view origin = trim(list.substr(0, comma));
    if (!origin.empty()) origins.emplace_back(origin);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  return origins;
}

std::optional<std::string> fault_of_origin(std::string_view origin) {
  if (origin == "*") return std::nullopt;
  constexpr std::string_view kSeparator = "://";
  const auto separator = origin.find(kSeparator);
  if (separator == std::string_view::npos) return fmt::format("{}, and names no scheme", kForm);
  if (std::ranges::any_of(origin, is_upper)) return "browsers send an origin in lower case, so it must be written so";
  const std::string_view scheme = origin.substr(0, separator);
  const std::string_view authority = origin.substr(separator + kSeparator.size());
  if (authority.find_first_of("/?#") != std::string_view::npos) {
    return fmt::format("{}, without a path or a slash at the end", kForm);
  }
  const auto colon = port_colon(authority);
  const std::string_view port = colon == std::string_view::npos ? std::string_view{} : authority.substr(colon + 1);
  if (!is_scheme(scheme) || !is_host(authority.substr(0, colon))) return std::string(kForm);
  if (colon != std::string_view::npos && !is_port(port)) return "its port must be 1 to 65535";
  if ((scheme == "http" && port == "80") || (scheme == "https" && port == "443")) {
    return fmt::format("browsers leave the port {} out, so it must be left out", port);
  }
  return std::nullopt;
}

}  // namespace codelab::config
