#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace codelab::base {

using UuidBytes = std::array<std::uint8_t, 16>;

/// A fresh UUID version 7 (RFC 9562): sorts by creation time; within one millisecond of one process it is monotonic.
/// Thread-safe.
UuidBytes generate_uuid_v7();
std::string format_uuid(const UuidBytes& bytes);
/// Accepts the canonical 8-4-4-4-12 form in either case, nothing else.
std::optional<UuidBytes> parse_uuid(std::string_view text);

/// A UUID that knows what it names: a UserId never passes where a SessionId is wanted.
template <class Tag>
struct Id {
  UuidBytes bytes{};

  static Id generate() { return Id{generate_uuid_v7()}; }
  static std::optional<Id> parse(std::string_view text) {
    const auto bytes = parse_uuid(text);
    if (!bytes) return std::nullopt;
    return Id{*bytes};
  }
  std::string str() const { return format_uuid(bytes); }
  auto operator<=>(const Id&) const = default;
};

using UserId = Id<struct UserTag>;
using AuthSessionId = Id<struct AuthSessionTag>;
using AgentId = Id<struct AgentTag>;
using SessionId = Id<struct SessionTag>;
using MessageId = Id<struct MessageTag>;
using TaskId = Id<struct TaskTag>;
using MemoryId = Id<struct MemoryTag>;

}  // namespace codelab::base

template <class Tag>
struct std::hash<codelab::base::Id<Tag>> {
  std::size_t operator()(const codelab::base::Id<Tag>& id) const noexcept {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
  }
};
