#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/task.hpp"
#include "core/events/ports.hpp"

namespace codelab::infra::postgres {

/// Tells the relay of committed events in the order of the log. Transactions to one stream commit one after the other,
/// but the news of it come on several connections and threads: what comes early waits here. Thread-safe.
class RelayOrder {
 public:
  explicit RelayOrder(core::events::EventRelay& relay) : relay_(relay) {}
  RelayOrder(const RelayOrder&) = delete;
  RelayOrder& operator=(const RelayOrder&) = delete;

  /// A place in a stream's order. One that ends without relay() is skipped.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept = default;
    Place& operator=(Place&& other) noexcept;
    ~Place();

   private:
    friend class RelayOrder;
    Place(RelayOrder& order, const core::events::StreamId& stream);

    struct Turn;
    RelayOrder* order_ = nullptr;
    core::events::StreamId stream_;
    std::shared_ptr<Turn> turn_;
  };

  /// The next place. Called by whoever holds the stream's lock in the database, before its commit is sent.
  Place enter(const core::events::StreamId& stream);
  /// The events are committed: goes on once the relay was told of them, and of all before them.
  base::Task<> relay(Place place, std::vector<core::events::Event> events);

 private:
  using Turns = std::deque<std::shared_ptr<Place::Turn>>;
  struct Shard {
    std::mutex mutex;
    std::unordered_map<core::events::StreamId, Turns> streams;
  };

  Shard& shard_of(const core::events::StreamId& stream);
  void settle(const core::events::StreamId& stream, const std::shared_ptr<Place::Turn>& turn, bool committed);

  core::events::EventRelay& relay_;
  std::array<Shard, 16> shards_;
};

}  // namespace codelab::infra::postgres
