#include "infra/redis/rate_limiter.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace codelab::infra::redis {

using core::cache::RateDecision;

namespace {

/// Keeps the script's products exact: its numbers are doubles.
constexpr std::int64_t kMaxLimit = 1'000'000'000;

/// KEYS: the window. ARGV: limit, milliseconds or nothing for the server's clock. Returns allowed, remaining, seconds.
/// The requests of this minute count, and those of the one before by the part of it that still lies within the last
/// sixty seconds.
const Script kTake(R"(
local limit, now = tonumber(ARGV[1]), tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local length = 60000
local function divided_up(value, by)
  local sum = value + by - 1
  return (sum - sum % by) / by
end
local function room_at(before, present)
  local fitting = limit - 1 - present
  if before <= fitting then return 0 end
  return divided_up((before - fitting) * length, before)
end
local function seconds(milliseconds) return math.max(1, divided_up(milliseconds, 1000)) end

local kept = redis.call('HMGET', KEYS[1], 'minute', 'current', 'previous')
local minute, current, previous = tonumber(kept[1] or 0), tonumber(kept[2] or 0), tonumber(kept[3] or 0)
local elapsed = now % length
local present = (now - elapsed) / length
if present > minute then
  previous = present == minute + 1 and current or 0
  current = 0
  minute = present
end
local left = length - elapsed
if current >= limit then return {0, 0, seconds(left + room_at(current, 0))} end
local room = room_at(previous, current)
if elapsed < room then return {0, 0, seconds(room - elapsed)} end
current = current + 1
redis.call('HSET', KEYS[1], 'minute', minute, 'current', current, 'previous', previous)
redis.call('PEXPIRE', KEYS[1], 2 * length)
return {1, math.max(0, limit - current - divided_up(previous * left, length)), seconds(left)}
)");

/// A user's prefix names its slot itself.
std::string window_key(const std::string& key) {
  return key.contains('{') ? key + "rate" : "codelab:{" + key + "}:rate";
}

}  // namespace

base::Task<RateDecision> RedisRateLimiter::take(std::string key, std::int64_t wanted_limit) {
  const std::int64_t limit = std::clamp<std::int64_t>(wanted_limit, 1, kMaxLimit);
  std::vector<std::string> keys{window_key(key)};
  std::vector<std::string> arguments{std::to_string(limit), now_ ? std::to_string(now_().count()) : ""};
  const auto outcome = co_await clients_.eval(kTake, std::move(keys), std::move(arguments));
  if (outcome && outcome->elements.size() == 3) {
    set_shared(true, {});
    const auto& [allowed, remaining, seconds] =
        std::tie(outcome->elements[0].integer, outcome->elements[1].integer, outcome->elements[2].integer);
    co_return RateDecision{allowed == 1, limit, remaining, std::chrono::seconds(seconds)};
  }
  set_shared(false, outcome ? "an answer of another form" : outcome.error().detail);
  co_return co_await per_process_.take(std::move(key), wanted_limit);
}

void RedisRateLimiter::set_shared(bool shared, const std::string& reason) {
  if (shared_.exchange(shared) == shared) return;
  if (shared) {
    base::log::info("rate_limit_is_shared");
  } else {
    base::log::warning("rate_limit_is_per_process", {{"reason", reason}});
  }
}

}  // namespace codelab::infra::redis
