#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "infra/redis/address.hpp"
#include "infra/redis/reply.hpp"

namespace codelab::infra::redis {

/// The slot of a cluster that a key lies in: by its part in braces, if it has one.
std::uint16_t slot_of(std::string_view key);

/// Where a node sends the caller of a command.
struct Redirect {
  std::uint16_t slot = 0;
  Endpoint to;
  /// For this one command only: the slot is on its way there.
  bool asking = false;
};

/// What an error of the node at `from` says, if it is a redirection: MOVED or ASK.
std::optional<Redirect> parse_redirect(std::string_view error, const Endpoint& from);

/// Which node serves which slots. Not thread-safe.
class SlotMap {
 public:
  /// Takes the answer to CLUSTER SLOTS by the node at `from`; false, and nothing changes, when it names no node.
  bool read(const Reply& slots, const Endpoint& from);
  void move(std::uint16_t slot, const Endpoint& to);

  bool empty() const { return ranges_.empty(); }
  /// Nothing for a slot that nobody serves.
  std::optional<Endpoint> owner(std::uint16_t slot) const;
  /// Each once.
  std::vector<Endpoint> nodes() const;

 private:
  struct Range {
    std::uint16_t last;
    Endpoint node;
  };
  using Ranges = std::map<std::uint16_t, Range>;

  /// By the first slot.
  Ranges ranges_;
};

}  // namespace codelab::infra::redis
