#include "infra/redis/cache.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "infra/redis/backoff.hpp"

namespace codelab::infra::redis {

using core::identity::UserScope;

namespace {

/// KEYS: generation, value. Returns the generation, made when there is none, and the value or nil.
const Script kGet(R"(
local generation = redis.call('GET', KEYS[1])
if not generation then
  local time = redis.call('TIME')
  generation = string.format('%.0f', time[1] * 1000000 + time[2])
  redis.call('SET', KEYS[1], generation, 'EX', 86400)
  return {generation, false}
end
local value = redis.call('GET', KEYS[2])
local mark = generation .. ':'
if value and string.sub(value, 1, #mark) == mark then
  return {generation, string.sub(value, #mark + 1)}
end
return {generation, false}
)");

/// KEYS: generation, value. ARGV: generation, value, seconds.
const Script kPut(R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[1] .. ':' .. ARGV[2], 'EX', ARGV[3])
return 1
)");

/// KEYS: generation. It never stands still, not even when two invalidations fall into one microsecond.
const Script kInvalidate(R"(
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local before = tonumber(redis.call('GET', KEYS[1]) or 0)
redis.call('SET', KEYS[1], string.format('%.0f', math.max(now, before + 1)), 'EX', 86400)
return 1
)");

std::string generation_key(const UserScope& scope) { return scope.prefix() + "cache:generation"; }
std::string value_key(const UserScope& scope, const std::string& key) { return scope.prefix() + "cache:value:" + key; }

}  // namespace

base::Task<RedisCache::Lookup> RedisCache::get(UserScope scope, std::string key) {
  Lookup lookup;
  if (owes(scope.user())) co_return lookup;
  std::vector<std::string> keys{generation_key(scope), value_key(scope, key)};
  std::vector<std::string> none;
  auto outcome = co_await clients_.eval(kGet, std::move(keys), std::move(none));
  // An invalidation may have begun meanwhile.
  if (!outcome || outcome->elements.size() != 2 || owes(scope.user())) co_return lookup;
  const std::string& generation = outcome->elements[0].text;
  std::from_chars(generation.data(), generation.data() + generation.size(), lookup.generation);
  if (!outcome->elements[1].is_nil()) lookup.value = std::move(outcome->elements[1].text);
  co_return lookup;
}

base::Task<> RedisCache::put(UserScope scope, std::string key, std::string value, std::uint64_t generation,
                             std::chrono::seconds ttl) {
  if (generation == 0 || owes(scope.user())) co_return;
  const auto kept = std::clamp(ttl, std::chrono::seconds(1), kLongestTtl);
  std::vector<std::string> keys{generation_key(scope), value_key(scope, key)};
  std::vector<std::string> arguments{std::to_string(generation), std::move(value), std::to_string(kept.count())};
  co_await clients_.eval(kPut, std::move(keys), std::move(arguments));
}

base::Task<> RedisCache::invalidate(UserScope scope) {
  const std::uint64_t ticket = owe(scope);
  bool told = false;
  std::exception_ptr cancellation;
  try {
    told = co_await tell(scope);
  } catch (...) {
    cancellation = std::current_exception();
  }
  if (told) {
    paid(scope.user(), ticket);
  } else {
    start_paying();
  }
  if (cancellation) std::rethrow_exception(cancellation);
}

base::Task<bool> RedisCache::tell(UserScope scope) {
  std::vector<std::string> keys{generation_key(scope)};
  std::vector<std::string> none;
  const auto outcome = co_await clients_.eval(kInvalidate, std::move(keys), std::move(none));
  co_return outcome.has_value();
}

base::Task<> RedisCache::pay() {
  Backoff backoff(clients_.options());
  boost::asio::steady_timer pause(clients_.cores().executor(0));
  for (;;) {
    pause.expires_after(backoff.next());
    co_await pause.async_wait(boost::asio::use_awaitable);
    const auto owed = still_owed();
    if (owed.empty()) co_return;
    for (const Owed& each : owed) {
      const bool told = co_await tell(each.scope);
      if (!told) break;
      backoff.reset();
      paid(each.scope.user(), each.ticket);
    }
  }
}

void RedisCache::start_paying() {
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(paying_, true)) return;
  }
  clients_.group().spawn(clients_.cores().executor(0), pay());
}

std::vector<RedisCache::Owed> RedisCache::still_owed() {
  const SteadyTime forgotten = std::chrono::steady_clock::now() - kLongestTtl;
  const std::scoped_lock lock(mutex_);
  std::erase_if(owed_, [&](const auto& each) { return each.second.since < forgotten; });
  std::vector<Owed> owed;
  owed.reserve(owed_.size());
  for (const auto& [user, each] : owed_) owed.push_back(each);
  if (owed.empty()) paying_ = false;
  return owed;
}

bool RedisCache::owes(const base::UserId& user) const {
  const std::scoped_lock lock(mutex_);
  return owed_.contains(user);
}

std::uint64_t RedisCache::owe(const UserScope& scope) {
  const std::scoped_lock lock(mutex_);
  const std::uint64_t ticket = ++last_ticket_;
  owed_.insert_or_assign(scope.user(), Owed{scope, ticket, std::chrono::steady_clock::now()});
  return ticket;
}

/// A later invalidation of the same user is paid by itself.
void RedisCache::paid(const base::UserId& user, std::uint64_t ticket) {
  const std::scoped_lock lock(mutex_);
  const auto found = owed_.find(user);
  if (found != owed_.end() && found->second.ticket == ticket) owed_.erase(found);
}

std::size_t RedisCache::owed() const {
  const std::scoped_lock lock(mutex_);
  return owed_.size();
}

}  // namespace codelab::infra::redis
