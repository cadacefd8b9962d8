#include "infra/redis/slot_map.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace codelab::infra::redis {
namespace {

constexpr unsigned kSlots = 16'384;

/// CRC-16/XMODEM, as the cluster specification has it.
unsigned crc16(std::string_view bytes) {
  unsigned crc = 0;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned>(static_cast<unsigned char>(byte)) << 8U;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000U) != 0 ? (crc << 1U) ^ 0x1021U : crc << 1U;
    crc &= 0xffffU;
  }
  return crc;
}

template <class T>
bool read_number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

/// A node that does not know its own name means the one it was asked under.
std::string host_or(std::string_view host, const Endpoint& from) {
  return host.empty() || host == "?" ? from.host : std::string(host);
}

}  // namespace

std::uint16_t slot_of(std::string_view key) {
  const auto open = key.find('{');
  if (open != std::string_view::npos) {
    const auto close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
  }
  return static_cast<std::uint16_t>(crc16(key) % kSlots);
}

std::optional<Redirect> parse_redirect(std::string_view error, const Endpoint& from) {
  Redirect redirect;
  if (error.starts_with("ASK ")) {
    redirect.asking = true;
    error.remove_prefix(4);
  } else if (error.starts_with("MOVED ")) {
    error.remove_prefix(6);
  } else {
    return std::nullopt;
  }
  const auto blank = error.find(' ');
  const auto colon = error.rfind(':');
  if (blank == std::string_view::npos || colon == std::string_view::npos || colon < blank) return std::nullopt;
  if (!read_number(error.substr(0, blank), redirect.slot) || redirect.slot >= kSlots) return std::nullopt;
  if (!read_number(error.substr(colon + 1), redirect.to.port)) return std::nullopt;
  redirect.to.host = host_or(error.substr(blank + 1, colon - blank - 1), from);
  return redirect;
}

/// An entry: first slot, last slot, the master (host, port, ...), its replicas.
bool SlotMap::read(const Reply& slots, const Endpoint& from) {
  Ranges ranges;
  for (const Reply& each : slots.elements) {
    if (each.elements.size() < 3 || each.elements[2].elements.size() < 2) return false;
    const auto& master = each.elements[2].elements;
    const auto first = each.elements[0].integer;
    const auto last = each.elements[1].integer;
    if (first < 0 || last < first || last >= kSlots) return false;
    ranges.insert_or_assign(
        static_cast<std::uint16_t>(first),
        Range{.last = static_cast<std::uint16_t>(last),
              .node = {.host = host_or(master[0].text, from), .port = static_cast<std::uint16_t>(master[1].integer)}});
  }
  if (ranges.empty()) return false;
  ranges_ = std::move(ranges);
  return true;
}

/// Cuts the slot out of its range.
void SlotMap::move(std::uint16_t slot, const Endpoint& to) {
  auto after = ranges_.upper_bound(slot);
  if (after != ranges_.begin()) {
    const auto before = std::prev(after);
    const Range whole = before->second;
    if (slot <= whole.last) {
      if (before->first == slot) {
        ranges_.erase(before);
      } else {
        before->second.last = static_cast<std::uint16_t>(slot - 1);
      }
      if (slot < whole.last) ranges_.insert_or_assign(static_cast<std::uint16_t>(slot + 1), whole);
    }
  }
  ranges_.insert_or_assign(slot, Range{.last = slot, .node = to});
}

std::optional<Endpoint> SlotMap::owner(std::uint16_t slot) const {
  const auto after = ranges_.upper_bound(slot);
  if (after == ranges_.begin()) return std::nullopt;
  const Range& range = std::prev(after)->second;
  if (slot > range.last) return std::nullopt;
  return range.node;
}

std::vector<Endpoint> SlotMap::nodes() const {
  std::vector<Endpoint> nodes;
  for (const auto& [first, range] : ranges_) nodes.push_back(range.node);
  std::ranges::sort(nodes);
  const auto doubles = std::ranges::unique(nodes);
  nodes.erase(doubles.begin(), doubles.end());
  return nodes;
}

}  // namespace codelab::infra::redis
