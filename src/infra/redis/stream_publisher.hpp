#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>

#include "core/events/stream_bus.hpp"
#include "infra/redis/clients.hpp"
#include "infra/redis/stream_message.hpp"

namespace codelab::infra::redis {

struct StreamBufferLimits {
  std::int64_t events = 100;
  std::chrono::seconds age{300};
  /// Of one stream, waiting to be sent.
  std::size_t queued_messages = 1'024;
  std::size_t queued_bytes = 1 << 20;
};

/// Publishes the streams of the users of one core. What is published to a stream while its last batch is on the way
/// goes out as the next one, so each stream keeps its order and its batches grow with the load. One script publishes a
/// batch and keeps the buffer, as one step.
///
/// What cannot be sent is dropped, and a tip is owed: it is sent, ahead of anything else, as soon as the server takes
/// it. Used on its core's thread only; its coroutines belong to the clients' group.
class StreamPublisher {
 public:
  using Content = std::variant<core::events::Event, core::events::TextPiece, AccessChange>;

  StreamPublisher(Clients& clients, std::size_t core, std::string origin, StreamBufferLimits limits)
      : clients_(clients), core_(core), origin_(std::move(origin)), limits_(limits) {}

  void publish(const StreamNames& names, Content content);
  /// Streams with something to send or to make good.
  std::size_t busy_streams() const { return outboxes_.size(); }

 private:
  struct Outbox {
    std::deque<Content> queue;
    std::size_t bytes = 0;
    /// The end of what was dropped.
    std::optional<std::int64_t> owed;
  };
  struct Batch {
    std::vector<std::string> keys;
    std::vector<std::string> arguments;
    /// What a failure leaves owed.
    std::optional<std::int64_t> last_seq;
  };

  base::Task<> drain(StreamNames names, std::string channel);
  Batch take_batch(const StreamNames& names, const std::string& channel, Outbox& outbox) const;
  void add(Batch& batch, const StreamNames& names, const Content& content) const;
  static void drop(Outbox& outbox);

  Clients& clients_;
  std::size_t core_;
  std::string origin_;
  StreamBufferLimits limits_;
  /// By channel; present while its drain() runs.
  std::unordered_map<std::string, Outbox> outboxes_;
};

/// The script's argument that makes it keep `limits`, shared with the one that reads the buffer.
std::string age_argument(const StreamBufferLimits& limits);

}  // namespace codelab::infra::redis
