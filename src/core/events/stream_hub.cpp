#include "core/events/stream_hub.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.hpp"

namespace codelab::core::events {
namespace {

bool has_subscribers(const std::vector<std::weak_ptr<Subscription>>& subscribers) {
  return std::ranges::any_of(subscribers, [](const auto& each) { return !each.expired(); });
}

/// A post that waits for its answer does not: most tokens need not be encoded for anybody.
bool wants_deltas(const std::vector<std::weak_ptr<Subscription>>& subscribers, const base::TaskId& task) {
  return std::ranges::any_of(subscribers, [&](const auto& each) {
    const auto subscriber = each.lock();
    return subscriber && subscriber->interest().deltas && subscriber->interest().task.value_or(task) == task;
  });
}

LinePtr delta_line(StreamId stream, const TextDelta& delta, base::Timestamp at) {
  StreamLine line = make_unlogged_line(stream, delta.position, delta.event, at);
  line.message = delta.message;
  return std::make_shared<const StreamLine>(std::move(line));
}

constexpr auto kClose = [](Subscription& subscription) { subscription.close(); };

}  // namespace

StreamHub::StreamHub(const base::Clock& clock, Limits limits) : clock_(clock), limits_(limits) {}

template <class Tell>
void StreamHub::for_each_of(Channel& channel, Tell&& tell) {
  for (const auto& each : channel.subscribers) {
    if (const auto subscriber = each.lock()) tell(*subscriber);
  }
}

template <class Match, class Tell>
void StreamHub::for_each_where(Match&& match, Tell&& tell) {
  for (Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    for (auto& [key, channel] : shard.channels) {
      for_each_of(channel, [&](Subscription& subscription) {
        if (match(key, subscription)) tell(subscription);
      });
    }
  }
}

void StreamHub::committed(const Event& event) noexcept {
  try {
    const Key key{event.user, event.stream};
    Shard& shard = shard_of(key);
    {
      const std::scoped_lock lock(shard.mutex);
      Channel& channel = shard.channels[key];
      if (!follows_bus(key, channel)) place(channel, event);
    }
    if (auto* const bus = bus_.load()) bus->publish(event);
  } catch (const std::exception& failure) {
    base::log::error("relay_failed", {{"reason", failure.what()}});
  }
}

/// Readers sort out what comes twice or too early.
void StreamHub::place(Channel& channel, const Event& event) {
  const auto line = std::make_shared<const StreamLine>(make_line(event));
  if (event.body.task && ends_text(event.body.type)) {
    channel.texts.end_of(*event.body.task);
    if (channel.following > 0) channel.ended.push_back({.task = *event.body.task, .seq = event.seq});
  }
  buffer(channel, line, clock_.now());
  channel.last_seq = std::max(channel.last_seq, event.seq);
  deliver(channel, line);
}

/// The bus may bring a piece after the end of its text was read from what the bus keeps.
bool StreamHub::has_ended(const Channel& channel, const TextPiece& piece) {
  return std::ranges::any_of(channel.buffer, [&](const Buffered& each) {
    return each.line->task == piece.task && each.line->position.seq > piece.place.seq && ends_text(each.line->type);
  });
}

/// A text with a hole is given up: the log brings its message. One that has ended does not begin again by a piece that
/// comes late.
void StreamHub::place(Channel& channel, StreamId stream, const TextPiece& piece) {
  auto known = channel.texts.length_of(piece.message);
  if (!known && piece.offset == 0 && !has_ended(channel, piece)) {
    channel.texts.begin(piece.task, piece.agent, piece.message);
    known = 0;
  }
  if (!known || piece.offset + std::ssize(piece.text) <= *known) return;
  if (piece.offset > *known) return channel.texts.end(piece.message);
  const std::int64_t had = *known - piece.offset;
  const auto news = std::string_view(piece.text).substr(static_cast<std::size_t>(had));
  channel.texts.append(piece.message, news, {.seq = piece.place.seq, .delta = piece.place.delta + had});
  if (wants_deltas(channel.subscribers, piece.task)) {
    deliver(channel, delta_line(stream, channel.texts.last(news.size()), clock_.now()));
  }
}

void StreamHub::begin_text(const identity::UserScope& scope, StreamId stream, base::TaskId task, std::string agent,
                           base::MessageId message) {
  const Key key{scope.user(), stream};
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  shard.channels[key].writing.push_back({.task = task, .agent = std::move(agent), .message = message});
}

void StreamHub::append_text(const identity::UserScope& scope, StreamId stream, const base::MessageId& message,
                            std::string_view text) {
  const Key key{scope.user(), stream};
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.channels.find(key);
  if (found == shard.channels.end()) return;
  Channel& channel = found->second;
  const auto writing = std::ranges::find(channel.writing, message, &Writing::message);
  if (writing == channel.writing.end()) return;
  const bool follows = follows_bus(key, channel);
  const std::int64_t seq = follows ? channel.last_seq : std::max(channel.last_seq, channel.read_seq);
  TextPiece piece{.task = writing->task,
                  .agent = writing->agent,
                  .message = message,
                  .place = channel.texts.behind(seq),
                  .offset = writing->length,
                  .text = std::string(text)};
  writing->length += std::ssize(text);
  if (!follows) place(channel, stream, piece);
  // Its readers have it: told by the bus too it would get another place, and elsewhere come twice.
  const bool is_told = !follows && channel.follow;
  // Under the lock, so that the pieces go out in their order.
  auto* const bus = bus_.load();
  if (bus != nullptr && !is_told) bus->publish_text(key.user, stream, std::move(piece));
}

/// What the bus has still to bring of it comes before the event of its end.
void StreamHub::end_text(const identity::UserScope& scope, StreamId stream, const base::MessageId& message) {
  const Key key{scope.user(), stream};
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.channels.find(key);
  if (found == shard.channels.end()) return;
  Channel& channel = found->second;
  std::erase_if(channel.writing, [&](const Writing& each) { return each.message == message; });
  if (!follows_bus(key, channel)) channel.texts.end(message);
}

void StreamHub::subscribe(const identity::UserScope& scope, StreamId stream,
                          const std::shared_ptr<Subscription>& subscriber) {
  const Key key{scope.user(), stream};
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  shard.channels[key].subscribers.push_back(subscriber);
}

StreamHub::Joined StreamHub::join(const identity::UserScope& scope, StreamId stream,
                                  const std::shared_ptr<Subscription>& subscriber, Position since) {
  const Key key{scope.user(), stream};
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  Channel& channel = shard.channels[key];
  channel.subscribers.push_back(subscriber);
  Joined joined;
  joined.last_seq = channel.last_seq;
  for (const Buffered& each : channel.buffer) joined.buffered.push_back(each.line);
  joined.growing = !channel.texts.empty();
  joined.hears_all = !connected() || follows_bus(key, channel);
  for (const TextDelta& missing : channel.texts.after(since)) {
    joined.texts.push_back(delta_line(stream, missing, clock_.now()));
  }
  return joined;
}

void StreamHub::deliver(Channel& channel, const LinePtr& line) {
  std::erase_if(channel.subscribers, [&](const std::weak_ptr<Subscription>& each) {
    const auto subscriber = each.lock();
    if (subscriber) subscriber->push(line);
    return !subscriber;
  });
}

void StreamHub::buffer(Channel& channel, const LinePtr& line, base::Timestamp at) {
  const std::int64_t seq = line->position.seq;
  if (seq <= channel.last_seq) return;
  if (seq > channel.last_seq + 1) empty_buffer(channel);
  if (channel.buffer.size() >= limits_.buffered_events) {
    buffered_bytes_ -= channel.buffer.front().line->json.size();
    channel.buffer.pop_front();
  }
  if (buffered_bytes_ + line->json.size() > limits_.buffer_bytes) {
    // A buffer has no holes: without room for this line the older ones are of no use.
    empty_buffer(channel);
    return;
  }
  buffered_bytes_ += line->json.size();
  channel.buffer.push_back({line, at});
}

void StreamHub::empty_buffer(Channel& channel) {
  for (const Buffered& each : channel.buffer) buffered_bytes_ -= each.line->json.size();
  channel.buffer.clear();
}

void StreamHub::access_changed(const base::UserId& user) noexcept {
  for_each_where([&](const Key& key, const Subscription&) { return key.user == user; },
                 [](Subscription& subscription) { subscription.change_access(); });
}

void StreamHub::close_stream(const identity::UserScope& scope, StreamId stream) {
  const Key key{scope.user(), stream};
  Shard& shard = shard_of(key);
  {
    const std::scoped_lock lock(shard.mutex);
    const auto found = shard.channels.find(key);
    if (found != shard.channels.end()) for_each_of(found->second, kClose);
  }
  tell_access_changed(scope.user());
}

void StreamHub::close_user(const base::UserId& user) {
  for_each_where([&](const Key& key, const Subscription&) { return key.user == user; }, kClose);
  tell_access_changed(user);
}

void StreamHub::close_login(const base::UserId& user, const base::AuthSessionId& login) {
  for_each_where([&](const Key& key, const Subscription& each) { return key.user == user && each.owner() == login; },
                 kClose);
  tell_access_changed(user);
}

void StreamHub::close_all() {
  for_each_where([](const Key&, const Subscription&) { return true; }, kClose);
}

void StreamHub::tell_access_changed(const base::UserId& user) {
  if (auto* const bus = bus_.load()) bus->publish_access_change(user);
}

void StreamHub::sweep() {
  const base::Timestamp oldest = clock_.now() - limits_.buffer_age;
  for (Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    for (auto entry = shard.channels.begin(); entry != shard.channels.end();) {
      Channel& channel = entry->second;
      while (!channel.buffer.empty() && channel.buffer.front().at < oldest) {
        buffered_bytes_ -= channel.buffer.front().line->json.size();
        channel.buffer.pop_front();
      }
      const bool read = has_subscribers(channel.subscribers) || has_subscribers(channel.expected) ||
                        channel.following > 0 || !channel.writing.empty();
      if (!read) unfollow(channel);
      std::erase_if(channel.expected, [](const auto& each) { return each.expired(); });
      const bool idle = channel.buffer.empty() && channel.texts.empty() && !read && !channel.follow;
      entry = idle ? shard.channels.erase(entry) : std::next(entry);
    }
  }
}

std::size_t StreamHub::subscriber_count() const {
  std::size_t count = 0;
  for (const Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    for (const auto& [key, channel] : shard.channels) {
      count += static_cast<std::size_t>(
          std::ranges::count_if(channel.subscribers, [](const auto& each) { return !each.expired(); }));
    }
  }
  return count;
}

}  // namespace codelab::core::events
