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

/// KEYS: events, cuts, place. ARGV: channel, most events, their age in milliseconds, what the names of texts begin
/// with; then seven for each message: kind, a, b, c, d, e, message.
///   event: seq, task whose texts it ends or "", -, -, -
///   tip: seq, -, -, -, -
///   access: -, -, -, -, -
///   text: message, offset, last event that its publisher knows, cut, length of the text at the end of the message
/// The buffer keeps its events in order: one that was overtaken on its way here takes its place among the newest. An
/// event or a piece that comes again changes nothing. A text with a hole is forgotten. A piece gets its place here,
/// behind everything that was published before; it is published and cut with it. The names of texts follow from those
/// of the stream, and are in its slot.
const Script kPublish(R"(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local channel, most, age, texts = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]

local function seq_of(kept)
  return tonumber(string.match(kept, '^%d+'))
end

local function reach(seq)
  local known = tonumber(redis.call('HGET', KEYS[3], 'seq') or 0)
  if seq > known then redis.call('HSET', KEYS[3], 'seq', string.format('%.0f', seq)) end
  return math.max(seq, known)
end

local function keep_event(seq, message)
  local kept = string.format('%.0f %.0f ', seq, now) .. message
  local newest = redis.call('LRANGE', KEYS[1], -16, -1)
  for i = #newest, 1, -1 do
    local before = seq_of(newest[i])
    if before == seq then return end
    if before < seq then
      if i == #newest then
        redis.call('RPUSH', KEYS[1], kept)
      else
        redis.call('LINSERT', KEYS[1], 'AFTER', newest[i], kept)
      end
      return
    end
  end
  if #newest == 0 then redis.call('RPUSH', KEYS[1], kept) end
end

local function forget_texts(ended)
  local kept = {}
  local cuts = redis.call('LRANGE', KEYS[2], 0, -1)
  for _, cut in ipairs(cuts) do
    local task, id = string.match(cut, '^%S+ %S+ (%S+) (%S+)')
    if ended(task, id) then
      redis.call('DEL', texts .. id)
    else
      kept[#kept + 1] = cut
    end
  end
  if #kept == #cuts then return end
  redis.call('DEL', KEYS[2])
  for first = 1, #kept, 1000 do
    redis.call('RPUSH', KEYS[2], unpack(kept, first, math.min(first + 999, #kept)))
  end
  redis.call('PEXPIRE', KEYS[2], age)
end

local function place_text(id, offset, seq, cut, text)
  local size = redis.call('STRLEN', texts .. id)
  if size > 0 and size < offset then forget_texts(function(_, other) return other == id end) end
  if size ~= offset then return nil end
  seq = reach(seq)
  local last = redis.call('LINDEX', KEYS[2], -1)
  -- Begins anew once no text grows and an event has come behind the last piece: no place comes twice.
  local placed = redis.call('HMGET', KEYS[3], 'delta', 'at')
  local delta = (last or tonumber(placed[2] or -1) == seq) and tonumber(placed[1] or 0) or 0
  local place = string.format('%.0f %.0f ', seq, delta)
  redis.call('APPEND', texts .. id, text)
  redis.call('PEXPIRE', texts .. id, age)
  redis.call('HSET', KEYS[3], 'delta', string.format('%.0f', delta + #text), 'at', string.format('%.0f', seq))
  local last_of, last_id = string.match(last or '', '^(%S+) %S+ %S+ (%S+)')
  if last_id ~= id or tonumber(last_of) ~= seq then redis.call('RPUSH', KEYS[2], place .. cut) end
  redis.call('PEXPIRE', KEYS[2], age)
  return place
end

for i = 5, #ARGV, 7 do
  local kind, a, b, c, d, e, message = unpack(ARGV, i, i + 6)
  local place = ''
  if kind == 'event' then
    reach(tonumber(a))
    keep_event(tonumber(a), message)
    if b ~= '' then forget_texts(function(task) return task == b end) end
  elseif kind == 'tip' then
    reach(tonumber(a))
  elseif kind == 'text' then
    place = place_text(a, tonumber(b), tonumber(c), d, string.sub(message, -tonumber(e)))
  end
  if place then redis.call('PUBLISH', channel, place .. message) end
end

redis.call('LTRIM', KEYS[1], -most, -1)
local oldest = redis.call('LINDEX', KEYS[1], 0)
while oldest and tonumber(string.match(oldest, '^%d+ (%d+)')) < now - age do
  redis.call('LPOP', KEYS[1])
  oldest = redis.call('LINDEX', KEYS[1], 0)
end
redis.call('PEXPIRE', KEYS[1], age)
redis.call('PEXPIRE', KEYS[3], age)
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
  if (piece == nullptr || more == nullptr || piece->message != more->message) return false;
  if (piece->offset + static_cast<std::int64_t>(piece->text.size()) != more->offset) return false;
  piece->text += more->text;
  return true;
}

}  // namespace

std::string age_argument(const StreamBufferLimits& limits) {
  return std::to_string(std::chrono::milliseconds(limits.age).count());
}

void StreamPublisher::Owed::add(const Content& content) {
  if (const auto* event = std::get_if<Event>(&content)) seq = std::max(seq.value_or(0), event->seq);
  access = access || std::holds_alternative<AccessChange>(content);
}

void StreamPublisher::Owed::add(const Owed& other) {
  if (other.seq) seq = std::max(seq.value_or(0), *other.seq);
  access = access || other.access;
}

void StreamPublisher::publish(const StreamNames& names, Content content, bool live) {
  const auto* piece = std::get_if<TextPiece>(&content);
  if (piece != nullptr && piece->text.empty()) return;
  std::string channel = names.channel();
  const auto [entry, is_new] = outboxes_.try_emplace(channel);
  Outbox& outbox = entry->second;
  outbox.untold = outbox.untold || live;
  const bool is_merged = !outbox.queue.empty() && merged(outbox.queue.back(), content);
  const std::size_t size = is_merged ? piece->text.size() : size_of(content);
  outbox.bytes += size;
  queued_bytes_ += size;
  if (!is_merged) outbox.queue.push_back(std::move(content));
  const bool is_full = outbox.queue.size() > limits_.queued_messages || outbox.bytes > limits_.queued_bytes ||
                       queued_bytes_ > limits_.queued_bytes_in_all;
  if (is_full || (outbox.stalled && !clients_.on(core_).connected())) drop(names, outbox);
  if (is_new) clients_.group().spawn(clients_.cores().executor(core_), drain(names, std::move(channel)));
}

void StreamPublisher::drop(const StreamNames& names, Outbox& outbox) {
  for (const Content& each : std::exchange(outbox.queue, {})) outbox.owed.add(each);
  queued_bytes_ -= std::exchange(outbox.bytes, 0);
  if (std::exchange(outbox.untold, false)) listener_.events_missed(names.user, names.stream, outbox.owed.seq);
}

base::Task<> StreamPublisher::drain(StreamNames names, std::string channel) {
  // References into the map stay valid while others come and go.
  Outbox& outbox = outboxes_.at(channel);
  while (outbox.owed || !outbox.queue.empty()) {
    Batch batch = take_batch(names, channel, outbox);
    const SteadyTime deadline = std::chrono::steady_clock::now() + clients_.options().call_timeout;
    const auto sent =
        co_await clients_.on(core_).eval(kPublish, std::move(batch.keys), std::move(batch.arguments), deadline);
    if (sent) continue;
    // It is not known whether it arrived.
    outbox.owed.add(batch.owed);
    outbox.untold = outbox.untold || batch.untold;
    drop(names, outbox);
    if (!outbox.owed) continue;
    stall(names, outbox);
    co_return;
  }
  outboxes_.erase(channel);
}

void StreamPublisher::forget(const std::string& channel) {
  const auto found = outboxes_.find(channel);
  if (found == outboxes_.end()) return;
  queued_bytes_ -= found->second.bytes;
  outboxes_.erase(found);
}

void StreamPublisher::stall(const StreamNames& names, Outbox& outbox) {
  outbox.stalled = true;
  stalled_.push_back(names);
  if (stalled_.size() > limits_.owing_streams) {
    forget(stalled_.front().channel());
    stalled_.pop_front();
    owes_everybody_ = true;
  }
  if (!std::exchange(making_good_, true)) clients_.group().spawn(clients_.cores().executor(core_), make_good());
}

/// While there is anything owed, also by what is just tried again.
base::Task<> StreamPublisher::make_good() {
  Backoff backoff(clients_.options());
  boost::asio::steady_timer pause(clients_.cores().executor(core_));
  Client& client = clients_.on(core_);
  for (;;) {
    pause.expires_after(backoff.next());
    co_await pause.async_wait(boost::asio::use_awaitable);
    if (stalled_.empty() && !owes_everybody_) break;
    const SteadyTime deadline = std::chrono::steady_clock::now() + clients_.options().last_backoff;
    if (!client.connected()) co_await client.ready(deadline);
    if (!client.connected()) continue;
    co_await tell_everybody();
    try_stalled();
  }
  making_good_ = false;
}

base::Task<> StreamPublisher::tell_everybody() {
  if (!std::exchange(owes_everybody_, false)) co_return;
  Command command{.words = {"PUBLISH", std::string(kEverybody), ""}};
  const SteadyTime deadline = std::chrono::steady_clock::now() + clients_.options().call_timeout;
  const auto told = co_await clients_.on(core_).call(std::move(command), deadline);
  if (!told) owes_everybody_ = true;
}

void StreamPublisher::try_stalled() {
  for (const StreamNames& each : std::exchange(stalled_, {})) {
    std::string channel = each.channel();
    outboxes_.at(channel).stalled = false;
    clients_.group().spawn(clients_.cores().executor(core_), drain(each, std::move(channel)));
  }
}

StreamPublisher::Batch StreamPublisher::take_batch(const StreamNames& names, const std::string& channel,
                                                   Outbox& outbox) {
  Batch batch{.keys = {names.events(), names.cuts(), names.place()},
              .arguments = {channel, std::to_string(limits_.events), age_argument(limits_), names.texts()},
              .owed = std::exchange(outbox.owed, {}),
              .untold = outbox.untold};
  if (batch.owed.seq) {
    add(batch,
        {"tip", std::to_string(*batch.owed.seq), "", "", "", "", encode_message(origin_, Tip{.seq = *batch.owed.seq})});
  }
  if (batch.owed.access) add(batch, {"access", "", "", "", "", "", encode_message(origin_, AccessChange{})});
  for (std::size_t i = 0; i < kBatchMessages && !outbox.queue.empty(); ++i) {
    const Content& content = outbox.queue.front();
    batch.owed.add(content);
    add(batch, words_of(content));
    const std::size_t size = size_of(content);
    outbox.bytes -= size;
    queued_bytes_ -= size;
    outbox.queue.pop_front();
  }
  if (outbox.queue.empty()) outbox.untold = false;
  return batch;
}

void StreamPublisher::add(Batch& batch, Words words) { std::ranges::move(words, std::back_inserter(batch.arguments)); }

StreamPublisher::Words StreamPublisher::words_of(const Content& content) const {
  if (const auto* event = std::get_if<Event>(&content)) {
    const bool ends = event->body.task && core::events::ends_text(event->body.type);
    return {"event", std::to_string(event->seq),     ends ? event->body.task->str() : "", "", "",
            "",      encode_message(origin_, *event)};
  }
  if (const auto* piece = std::get_if<TextPiece>(&content)) {
    return {"text",
            piece->message.str(),
            std::to_string(piece->offset),
            std::to_string(piece->place.seq),
            encode_cut(*piece),
            std::to_string(piece->text.size()),
            encode_message(origin_, *piece)};
  }
  return {"access", "", "", "", "", "", encode_message(origin_, std::get<AccessChange>(content))};
}

}  // namespace codelab::infra::redis
