#include "infra/redis/locks.hpp"

#include <charconv>
#include <utility>

#include <sodium.h>

namespace codelab::infra::redis {

using core::identity::UserScope;

namespace {

/// KEYS: lock, fence. ARGV: secret, milliseconds. Returns the fence, or nil when the lock is held. The fence is raised
/// at least to the server's time, so that it rises even when its key was lost.
const Script kAcquire(R"(
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
local time = redis.call('TIME')
local fence = redis.call('INCR', KEYS[2])
local now = time[1] * 1000000 + time[2]
if fence < now then
  fence = now
  redis.call('SET', KEYS[2], string.format('%.0f', fence))
end
redis.call('EXPIRE', KEYS[2], 86400)
return string.format('%.0f', fence)
)");

/// KEYS: lock. ARGV: secret, milliseconds.
const Script kRenew(R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
)");

/// KEYS: lock. ARGV: secret.
const Script kRelease(R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
)");

std::string new_secret() {
  std::string secret(16, '\0');
  randombytes_buf(secret.data(), secret.size());
  return secret;
}

std::string to_text(std::chrono::milliseconds time) { return std::to_string(std::max<std::int64_t>(1, time.count())); }

}  // namespace

base::Task<std::expected<std::optional<LockLease>, Failure>> Locks::acquire(UserScope scope, std::string name,
                                                                            std::chrono::milliseconds ttl) {
  const std::string prefix = scope.prefix() + "lock:" + name;
  LockLease lease{.key = prefix, .secret = new_secret()};
  std::vector<std::string> keys{lease.key, prefix + ":fence"};
  std::vector<std::string> arguments{lease.secret, to_text(ttl)};
  const auto outcome = co_await clients_.eval(kAcquire, std::move(keys), std::move(arguments));
  if (!outcome) co_return std::unexpected(outcome.error());
  if (outcome->is_nil()) co_return std::nullopt;
  std::from_chars(outcome->text.data(), outcome->text.data() + outcome->text.size(), lease.fence);
  co_return lease;
}

base::Task<std::expected<bool, Failure>> Locks::renew(LockLease lease, std::chrono::milliseconds ttl) {
  return changed(kRenew, std::move(lease), to_text(ttl));
}

base::Task<std::expected<bool, Failure>> Locks::release(LockLease lease) {
  return changed(kRelease, std::move(lease), "");
}

base::Task<std::expected<bool, Failure>> Locks::changed(Script script, LockLease lease, std::string argument) {
  std::vector<std::string> keys{std::move(lease.key)};
  std::vector<std::string> arguments{std::move(lease.secret), std::move(argument)};
  const auto outcome = co_await clients_.eval(script, std::move(keys), std::move(arguments));
  if (!outcome) co_return std::unexpected(outcome.error());
  co_return outcome->integer == 1;
}

}  // namespace codelab::infra::redis
