#include "infra/redis/stream_publisher.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "infra/redis/backoff.hpp"

namespace codelab::infra::redis {

using core::events::Event;
using core::events::TextPiece;

namespace {

/// Of one batch.
constexpr std::size_t kBatchMessages = 128;

/// KEYS: events, cuts, then the texts that the messages name by their place. ARGV: channel, most events, their age in
/// milliseconds; then six for each message: kind, a, b, c, d, message.
///   event: seq, place of the text that it ends or 0, task of that text, -
///   tip: seq, -, -, -
///   access: -, -, -, -
///   text: place, offset, cut, length of the text at the end of the message
/// The buffer has no holes: whatever would make one empties it. An event or a piece that comes again changes nothing.
/// A text with a hole is forgotten.
const Script kPublish(R"(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local channel, most, age = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local function last_seq()
  local last = redis.call('LINDEX', KEYS[1], -1)
  return last and tonumber(string.match(last, '^%d+'))
end

local function keep_event(seq, message)
  local last = last_seq()
  if last and seq > last + 1 then
    redis.call('DEL', KEYS[1])
    last = nil
  end
  if last and seq <= last then return end
  redis.call('RPUSH', KEYS[1], string.format('%.0f %.0f ', seq, now) .. message)
end

local function end_text(key, task)
  redis.call('DEL', key)
  for _, cut in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
    if string.sub(cut, 1, #task) == task then redis.call('LREM', KEYS[2], 1, cut) end
  end
end

local function keep_text(key, offset, cut, text)
  local size = redis.call('STRLEN', key)
  if size < offset then redis.call('DEL', key) end
  if size ~= offset then return end
  redis.call('APPEND', key, text)
  redis.call('PEXPIRE', key, age)
  local last = redis.call('LINDEX', KEYS[2], -1)
  local place = string.match(cut, '^%S+ %S+ ')
  if not last or string.sub(last, 1, #place) ~= place then redis.call('RPUSH', KEYS[2], cut) end
  redis.call('PEXPIRE', KEYS[2], age)
end

for i = 4, #ARGV, 6 do
  local kind, a, b, c, d, message = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5]
  if kind == 'event' then
    keep_event(tonumber(a), message)
    if b ~= '0' then end_text(KEYS[tonumber(b)], c) end
  elseif kind == 'tip' then
    local last = last_seq()
    if last and last < tonumber(a) then redis.call('DEL', KEYS[1]) end
  elseif kind == 'text' then
    keep_text(KEYS[tonumber(a)], tonumber(b), c, string.sub(message, -tonumber(d)))
  end
  redis.call('PUBLISH', channel, message)
end

redis.call('LTRIM', KEYS[1], -most, -1)
local oldest = redis.call('LINDEX', KEYS[1], 0)
while oldest and tonumber(string.match(oldest, '^%d+ (%d+)')) < now - age do
  redis.call('LPOP', KEYS[1])
  oldest = redis.call('LINDEX', KEYS[1], 0)
end
redis.call('PEXPIRE', KEYS[1], age)
return 1
)");

std::size_t size_of(const StreamPublisher::Content& content) {
  constexpr std::size_t kOverhead = 256;
  if (const auto* event = std::get_if<Event>(&content)) return kOverhead + event->body.payload.size();
  const auto* piece = std::get_if<TextPiece>(&content);
  return kOverhead + (piece != nullptr ? piece->text.size() : 0);
}

/// Appends `next` to the piece before it when it goes on where that ended.
bool merged(StreamPublisher::Content& last, const StreamPublisher::Content& next) {
  auto* piece = std::get_if<TextPiece>(&last);
  const auto* more = std::get_if<TextPiece>(&next);
  if (piece == nullptr || more == nullptr || piece->task != more->task || piece->after_seq != more->after_seq)
    return false;
  if (piece->offset + static_cast<std::int64_t>(piece->text.size()) != more->offset) return false;
  piece->text += more->text;
  return true;
}

}  // namespace

std::string age_argument(const StreamBufferLimits& limits) {
  return std::to_string(std::chrono::milliseconds(limits.age).count());
}

void StreamPublisher::publish(const StreamNames& names, Content content) {
  const auto* piece = std::get_if<TextPiece>(&content);
  if (piece != nullptr && piece->text.empty()) return;
  std::string channel = names.channel();
  const auto [entry, is_new] = outboxes_.try_emplace(channel);
  Outbox& outbox = entry->second;
  outbox.bytes += size_of(content);
  if (outbox.queue.empty() || !merged(outbox.queue.back(), content)) outbox.queue.push_back(std::move(content));
  if (outbox.queue.size() > limits_.queued_messages || outbox.bytes > limits_.queued_bytes) drop(outbox);
  if (is_new) clients_.group().spawn(clients_.cores().executor(core_), drain(names, std::move(channel)));
}

void StreamPublisher::drop(Outbox& outbox) {
  for (const Content& each : std::exchange(outbox.queue, {})) {
    if (const auto* event = std::get_if<Event>(&each)) outbox.owed = std::max(outbox.owed.value_or(0), event->seq);
  }
  outbox.bytes = 0;
}

base::Task<> StreamPublisher::drain(StreamNames names, std::string channel) {
  Backoff backoff(clients_.options());
  boost::asio::steady_timer pause(clients_.cores().executor(core_));
  // References into the map stay valid while others come and go.
  Outbox& outbox = outboxes_.at(channel);
  while (outbox.owed || !outbox.queue.empty()) {
    Batch batch = take_batch(names, channel, outbox);
    const SteadyTime deadline = std::chrono::steady_clock::now() + clients_.options().call_timeout;
    const auto sent =
        co_await clients_.on(core_).eval(kPublish, std::move(batch.keys), std::move(batch.arguments), deadline);
    if (sent) {
      backoff.reset();
      continue;
    }
    if (batch.last_seq) outbox.owed = std::max(outbox.owed.value_or(0), *batch.last_seq);
    drop(outbox);
    if (!outbox.owed) continue;
    pause.expires_after(backoff.next());
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  outboxes_.erase(channel);
}

StreamPublisher::Batch StreamPublisher::take_batch(const StreamNames& names, const std::string& channel,
                                                   Outbox& outbox) const {
  Batch batch{.keys = {names.events(), names.cuts()},
              .arguments = {channel, std::to_string(limits_.events), age_argument(limits_)},
              .last_seq = std::nullopt};
  if (const auto owed = std::exchange(outbox.owed, std::nullopt)) {
    const std::string seq = std::to_string(*owed);
    for (const auto& word : {std::string("tip"), seq, std::string(), std::string(), std::string(),
                             encode_message(origin_, Tip{.seq = *owed})}) {
      batch.arguments.push_back(word);
    }
    batch.last_seq = owed;
  }
  for (std::size_t i = 0; i < kBatchMessages && !outbox.queue.empty(); ++i) {
    add(batch, names, outbox.queue.front());
    outbox.queue.pop_front();
  }
  if (outbox.queue.empty()) outbox.bytes = 0;
  return batch;
}

void StreamPublisher::add(Batch& batch, const StreamNames& names, const Content& content) const {
  const auto place_of = [&](const base::TaskId& task) {
    const std::string key = names.text(task);
    auto found = std::ranges::find(batch.keys, key);
    if (found == batch.keys.end()) found = batch.keys.insert(found, key);
    return std::to_string(found - batch.keys.begin() + 1);
  };
  std::vector<std::string> words;
  if (const auto* event = std::get_if<Event>(&content)) {
    const bool ends = event->body.task && core::events::ends_text(event->body.type);
    words = {"event",
             std::to_string(event->seq),
             ends ? place_of(*event->body.task) : "0",
             ends ? event->body.task->str() : "",
             "",
             encode_message(origin_, *event)};
    batch.last_seq = std::max(batch.last_seq.value_or(0), event->seq);
  } else if (const auto* piece = std::get_if<TextPiece>(&content)) {
    words = {"text",
             place_of(piece->task),
             std::to_string(piece->offset),
             encode_cut(*piece),
             std::to_string(piece->text.size()),
             encode_message(origin_, *piece)};
  } else {
    words = {"access", "", "", "", "", encode_message(origin_, std::get<AccessChange>(content))};
  }
  std::ranges::move(words, std::back_inserter(batch.arguments));
}

}  // namespace codelab::infra::redis
