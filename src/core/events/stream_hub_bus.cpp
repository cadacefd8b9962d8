// The part of StreamHub that follows the bus.
#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.hpp"
#include "core/events/stream_hub.hpp"

namespace codelab::core::events {
namespace {

/// Of one stream, while it begins to be followed.
constexpr std::size_t kEarlyPieces = 4'096;
constexpr std::size_t kEarlyBytes = 4 << 20;

}  // namespace

void StreamHub::disconnect() {
  bus_ = nullptr;
  for (Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    for (auto& [key, channel] : shard.channels) unfollow(channel);
  }
}

bool StreamHub::follows_bus(const Key& key, const Channel& channel) const {
  const StreamBus* const bus = bus_;
  return bus != nullptr && channel.follow && bus->is_live(key.user);
}

/// Nobody tells of the texts any more.
void StreamHub::unfollow(Channel& channel) {
  if (channel.follow) channel.texts.clear();
  channel.follow.reset();
  channel.follow_access.reset();
}

void StreamHub::event_arrived(const Event& event) noexcept {
  try {
    const Key key{event.user, event.stream};
    Shard& shard = shard_of(key);
    const std::scoped_lock lock(shard.mutex);
    const auto found = shard.channels.find(key);
    if (found != shard.channels.end()) place(found->second, event);
  } catch (const std::exception& failure) {
    base::log::error("relay_failed", {{"reason", failure.what()}});
  }
}

void StreamHub::text_arrived(const base::UserId& user, StreamId stream, const TextPiece& piece) noexcept {
  try {
    const Key key{user, stream};
    Shard& shard = shard_of(key);
    const std::scoped_lock lock(shard.mutex);
    const auto found = shard.channels.find(key);
    if (found == shard.channels.end()) return;
    Channel& channel = found->second;
    // A stream that is followed has its texts whole.
    const bool waits = channel.following > 0 && !channel.follow;
    if (waits) {
      keep_early(channel, piece);
    } else {
      place(channel, stream, piece);
    }
  } catch (const std::exception& failure) {
    base::log::error("relay_failed", {{"reason", failure.what()}});
  }
}

/// Past the bounds the text has a hole.
void StreamHub::keep_early(Channel& channel, const TextPiece& piece) {
  channel.early_bytes += piece.text.size();
  if (channel.early.size() < kEarlyPieces && channel.early_bytes <= kEarlyBytes) channel.early.push_back(piece);
}

/// What grew meanwhile has a hole now.
void StreamHub::events_missed(const base::UserId& user, StreamId stream, std::optional<std::int64_t>) noexcept {
  const Key key{user, stream};
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.channels.find(key);
  if (found == shard.channels.end()) return;
  Channel& channel = found->second;
  if (channel.follow) channel.texts.clear();
  for (const auto& each : channel.subscribers) {
    if (const auto subscriber = each.lock()) subscriber->miss();
  }
}

void StreamHub::has_read(const identity::UserScope& scope, StreamId stream, std::int64_t seq) {
  if (!connected()) return;
  const Key key{scope.user(), stream};
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.channels.find(key);
  if (found != shard.channels.end()) found->second.read_seq = std::max(found->second.read_seq, seq);
}

/// The pieces that arrive meanwhile wait, so that a text is complete before its next piece comes.
base::Task<> StreamHub::follow(identity::UserScope scope, StreamId stream, std::shared_ptr<Subscription> reader) {
  StreamBus* const bus = bus_;
  if (bus == nullptr) co_return;
  const Key key{scope.user(), stream};
  Shard& shard = shard_of(key);
  {
    const std::scoped_lock lock(shard.mutex);
    Channel& channel = shard.channels[key];
    channel.expected.push_back(reader);
    // An event that came before the one ahead of it has emptied the buffer: the bus has it whole.
    const auto wanted = std::min<std::int64_t>(channel.last_seq, static_cast<std::int64_t>(limits_.buffered_events));
    if (channel.follow && std::ssize(channel.buffer) >= wanted) co_return;
    ++channel.following;
  }
  StreamBus::Following following;
  StreamBus::Following access;
  StreamBus::Recent recent;
  std::exception_ptr failure;
  try {
    following = co_await bus->follow(scope, stream);
    access = co_await bus->follow(scope, own_stream(scope.user()));
    recent = co_await bus->recent(scope, stream);
  } catch (...) {
    failure = std::current_exception();
  }
  {
    const std::scoped_lock lock(shard.mutex);
    Channel& channel = shard.channels[key];
    --channel.following;
    if (!failure && bus_ == bus) {
      const bool is_new = !channel.follow;
      channel.follow = std::move(following.hold);
      channel.follow_access = std::move(access.hold);
      refill_buffer(channel, recent.events);
      if (is_new) place_newer(channel, recent.events);
      if (is_new && following.live) replace_texts(channel, recent.texts);
    }
    if (channel.follow || channel.following == 0) {
      for (const TextPiece& piece : std::exchange(channel.early, {})) {
        if (!ended_early(channel, piece)) place(channel, stream, piece);
      }
      channel.early_bytes = 0;
      channel.ended.clear();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

bool StreamHub::ended_early(const Channel& channel, const TextPiece& piece) {
  return std::ranges::any_of(
      channel.ended, [&](const Ended& ended) { return ended.task == piece.task && piece.place.seq < ended.seq; });
}

/// By what the bus has of them, in its order.
void StreamHub::replace_texts(Channel& channel, const std::vector<TextPiece>& pieces) {
  channel.texts.clear();
  for (const TextPiece& piece : pieces) {
    if (ended_early(channel, piece)) continue;
    if (piece.offset == 0) channel.texts.begin(piece.task, piece.agent, piece.message);
    channel.texts.append(piece.message, piece.text, piece.place);
  }
}

/// Where a stream begins to be followed. Of any other the channel still brings them, behind the pieces before them.
void StreamHub::place_newer(Channel& channel, const std::vector<Event>& events) {
  for (const Event& event : events) {
    if (event.seq > channel.last_seq) place(channel, event);
  }
}

/// With what is known here already; who reads got it. An event that arrived before `events` were read stands alone in
/// the buffer: it goes on where they end, if it touches.
void StreamHub::refill_buffer(Channel& channel, const std::vector<Event>& events) {
  const std::int64_t known = channel.last_seq;
  const std::int64_t begin = channel.buffer.empty() ? known + 1 : channel.buffer.front().line->position.seq;
  const bool fits = !events.empty() && events.front().seq < begin && events.back().seq >= begin - 1;
  if (!fits) return;
  const std::deque<Buffered> before = channel.buffer;
  empty_buffer(channel);
  channel.last_seq = 0;
  const auto put = [&](const LinePtr& line, base::Timestamp at) {
    buffer(channel, line, at);
    channel.last_seq = line->position.seq;
  };
  for (const Event& event : events) {
    if (event.seq <= known) put(std::make_shared<const StreamLine>(make_line(event)), clock_.now());
  }
  for (const Buffered& each : before) {
    if (each.line->position.seq > channel.last_seq) put(each.line, each.at);
  }
  channel.last_seq = known;
}

}  // namespace codelab::core::events
