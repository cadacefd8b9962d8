#pragma once

#include <array>
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
  /// Of one core's streams together.
  std::size_t queued_bytes_in_all = 16 << 20;
  /// Streams of one core that could not be sent and have something to make good.
  std::size_t owing_streams = 4'096;
};

/// Publishes the streams of the users of one core. What is published to a stream while its last batch is on the way
/// goes out as the next one, so each stream keeps its order and its batches grow with the load. One script publishes a
/// batch and keeps the buffer, as one step.
///
/// What cannot be sent is dropped, and a tip is owed: it is sent, ahead of anything else, as soon as the server takes
/// it; this process's own readers are told at once, where they have not got it already. All that is owed waits together
/// until the server is there, and nothing is queued without a connection. Past `owing_streams` what the stream owes
/// that waits longest is forgotten: then everybody is told to look into the log of every stream that they follow.
///
/// Used on its core's thread only; its coroutines belong to the clients' group.
class StreamPublisher {
 public:
  using Content = std::variant<core::events::Event, core::events::TextPiece, AccessChange>;

  StreamPublisher(Clients& clients, std::size_t core, std::string origin, core::events::BusListener& listener,
                  StreamBufferLimits limits)
      : clients_(clients), core_(core), origin_(std::move(origin)), listener_(listener), limits_(limits) {}

  /// `live`: this process's own readers get it when it is published, and not before.
  void publish(const StreamNames& names, Content content, bool live);
  /// Streams with something to send or to make good.
  std::size_t busy_streams() const { return outboxes_.size(); }

 private:
  /// What was dropped and cannot be missed.
  struct Owed {
    /// The end of the events.
    std::optional<std::int64_t> seq;
    bool access = false;

    explicit operator bool() const { return seq || access; }
    void add(const Content& content);
    void add(const Owed& other);
  };
  struct Outbox {
    std::deque<Content> queue;
    std::size_t bytes = 0;
    Owed owed;
    /// Something in the queue was not told to this process's own readers.
    bool untold = false;
    /// It could not be sent: it has no drain() until it is tried again.
    bool stalled = false;
  };
  struct Batch {
    std::vector<std::string> keys;
    std::vector<std::string> arguments;
    /// What a failure leaves owed.
    Owed owed;
    bool untold = false;
  };

  base::Task<> drain(StreamNames names, std::string channel);
  /// With what is queued and owed there.
  void forget(const std::string& channel);
  void stall(const StreamNames& names, Outbox& outbox);
  base::Task<> make_good();
  base::Task<> tell_everybody();
  void try_stalled();
  Batch take_batch(const StreamNames& names, const std::string& channel, Outbox& outbox);
  /// One message of the script.
  using Words = std::array<std::string, 7>;
  static void add(Batch& batch, Words words);
  Words words_of(const Content& content) const;
  void drop(const StreamNames& names, Outbox& outbox);

  Clients& clients_;
  std::size_t core_;
  std::string origin_;
  core::events::BusListener& listener_;
  StreamBufferLimits limits_;
  /// By channel; present while its drain() runs, or while it is stalled.
  std::unordered_map<std::string, Outbox> outboxes_;
  std::size_t queued_bytes_ = 0;
  /// Those that wait longest first.
  std::deque<StreamNames> stalled_;
  bool making_good_ = false;
  /// Something that was owed is forgotten.
  bool owes_everybody_ = false;
};

/// The script's argument that makes it keep `limits`, shared with the one that reads the buffer.
std::string age_argument(const StreamBufferLimits& limits);

}  // namespace codelab::infra::redis
