#include "core/events/stream_hub.hpp"

#include <algorithm>
#include <exception>

#include "base/log.hpp"
#include "core/events/stream_bus.hpp"

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
  return std::make_shared<const StreamLine>(make_unlogged_line(stream, delta.position, delta.event, at));
}

}  // namespace

StreamHub::StreamHub(const base::Clock& clock, Limits limits) : clock_(clock), limits_(limits) {}

void StreamHub::committed(const Event& event) noexcept {
  try {
    const Key key{event.user, event.stream};
    Shard& shard = shard_of(key);
    const auto line = std::make_shared<const StreamLine>(make_line(event));
    const std::scoped_lock lock(shard.mutex);
    Channel& channel = shard.channels[key];
    channel.last_seq = std::max(channel.last_seq, event.seq);
    if (event.body.task && ends_text(event.body.type)) channel.texts.end(*event.body.task);
    buffer(channel, line, clock_.now());
    deliver(channel, line);
  } catch (const std::exception& failure) {
    base::log::error("relay_failed", {{"reason", failure.what()}});
  }
}

void StreamHub::begin_text(const identity::UserScope& scope, StreamId stream, base::TaskId task, std::string agent,
                           base::MessageId message) {
  const Key key{scope.user(), stream};
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  shard.channels[key].texts.begin(task, std::move(agent), message);
}

void StreamHub::append_text(const identity::UserScope& scope, StreamId stream, const base::TaskId& task,
                            std::string_view text) {
  const Key key{scope.user(), stream};
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.channels.find(key);
  if (found == shard.channels.end()) return;
  Channel& channel = found->second;
  if (!channel.texts.append(task, text, channel.last_seq) || !wants_deltas(channel.subscribers, task)) return;
  deliver(channel, delta_line(stream, channel.texts.last(text.size()), clock_.now()));
}

void StreamHub::end_text(const identity::UserScope& scope, StreamId stream, const base::TaskId& task) {
  const Key key{scope.user(), stream};
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.channels.find(key);
  if (found != shard.channels.end()) found->second.texts.end(task);
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
  if (channel.buffer.size() >= limits_.buffered_events) {
    buffered_bytes_ -= channel.buffer.front().line->json.size();
    channel.buffer.pop_front();
  }
  if (buffered_bytes_ + line->json.size() > limits_.buffer_bytes) {
    // A buffer has no holes: without room for this line the older ones are of no use.
    for (const Buffered& each : channel.buffer) buffered_bytes_ -= each.line->json.size();
    channel.buffer.clear();
    return;
  }
  buffered_bytes_ += line->json.size();
  channel.buffer.push_back({line, at});
}

template <class Match>
void StreamHub::close_where(Match&& match) {
  for (Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    for (auto& [key, channel] : shard.channels) {
      for (const auto& each : channel.subscribers) {
        const auto subscriber = each.lock();
        if (subscriber && match(key, *subscriber)) subscriber->close();
      }
    }
  }
}

void StreamHub::close_stream(const identity::UserScope& scope, StreamId stream) {
  const Key key{scope.user(), stream};
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.channels.find(key);
  if (found == shard.channels.end()) return;
  for (const auto& each : found->second.subscribers) {
    if (const auto subscriber = each.lock()) subscriber->close();
  }
}

void StreamHub::close_user(const base::UserId& user) {
  close_where([&](const Key& key, const Subscription&) { return key.user == user; });
}

void StreamHub::close_login(const base::UserId& user, const base::AuthSessionId& login) {
  close_where([&](const Key& key, const Subscription& each) { return key.user == user && each.owner() == login; });
}

void StreamHub::close_all() {
  close_where([](const Key&, const Subscription&) { return true; });
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
      const bool idle = channel.buffer.empty() && channel.texts.empty() && !has_subscribers(channel.subscribers);
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
