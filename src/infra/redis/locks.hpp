#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "core/identity/user_scope.hpp"
#include "infra/redis/clients.hpp"

namespace codelab::infra::redis {

/// A lock that somebody holds until it is released or its time is over.
struct LockLease {
  std::string key;
  /// Known to its holder alone.
  std::string secret;
  /// Greater than that of every lease of this lock before it. Whatever the lock guards remembers the greatest it has
  /// seen and refuses less: so a holder that slept through the end of its lease can do no harm.
  std::int64_t fence = 0;
};

/// Locks that hold across processes, within one user's slot. A lock at a server that can fail is a way to avoid double
/// work; what must never happen twice is guarded by the fence, where it is written. Thread-safe.
class Locks {
 public:
  explicit Locks(Clients& clients) : clients_(clients) {}

  /// Nothing when somebody else holds it. After a failure that leaves the outcome open (lost, timed_out) it may be
  /// held by nobody's knowledge until `ttl` is over.
  base::Task<std::expected<std::optional<LockLease>, Failure>> acquire(core::identity::UserScope scope,
                                                                       std::string name, std::chrono::milliseconds ttl);
  /// Prolongs it to `ttl` from now; false when it is no longer this lease's.
  base::Task<std::expected<bool, Failure>> renew(LockLease lease, std::chrono::milliseconds ttl);
  /// False when it was no longer this lease's.
  base::Task<std::expected<bool, Failure>> release(LockLease lease);

 private:
  base::Task<std::expected<bool, Failure>> changed(Script script, LockLease lease, std::string argument);

  Clients& clients_;
};

}  // namespace codelab::infra::redis
