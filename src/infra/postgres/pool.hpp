#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "base/task.hpp"
#include "base/task_group.hpp"
#include "infra/postgres/address.hpp"
#include "infra/postgres/connection.hpp"

namespace codelab::infra::postgres {

struct PoolLimits {
  std::size_t connections = 4;
  /// How many may use one connection at the same time: 1 for transactions, more for single batches.
  std::size_t leases_each = 1;
  /// One that is shared and has given nothing back for so long gets nobody more: what it carries comes one after the
  /// other, and one user's slow reads are not to hold up all others. After a tenth of it others come first, also one
  /// that has to be made.
  std::chrono::milliseconds stalled_after{1'000};
  /// How long a caller waits for its turn, a connection that has to be made included.
  std::chrono::milliseconds max_wait{3'000};
  std::size_t max_waiting = 1'000;
  /// After a failed attempt to connect; doubled with each further one up to the maximum, and each time cut by up to
  /// half by chance, so that many servers do not come back at once.
  std::chrono::milliseconds first_backoff{100};
  std::chrono::milliseconds max_backoff{5'000};
};

class Pool;

/// The right to use a connection, given back when it ends. Used and ended on the pool's executor.
class Lease {
 public:
  Lease() = default;
  Lease(std::shared_ptr<Pool> pool, std::shared_ptr<Connection> connection)
      : pool_(std::move(pool)), connection_(std::move(connection)) {}
  Lease(Lease&& other) noexcept = default;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { give_back(); }

  Connection& connection() const { return *connection_; }
  /// Closes the connection: nobody else shall meet the state that it is in.
  void discard() { connection_->close(); }

 private:
  void give_back();

  std::shared_ptr<Pool> pool_;
  std::shared_ptr<Connection> connection_;
};

/// Connections that are made when they are first needed, kept, and made again by itself when they break. All of it
/// belongs to one executor, run by one thread.
class Pool : public std::enable_shared_from_this<Pool> {
 public:
  /// `openers` runs the attempts to connect.
  Pool(base::Executor executor, Address address, ConnectionSettings connection, PoolLimits limits,
       base::TaskGroup& openers);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// Those who wait are served in their order. Throws base::StoreError when no connection came free in time, when too
  /// many wait, or when the pool is closed.
  base::Task<Lease> acquire();
  /// Closes every connection and refuses whoever waits.
  void close();

 private:
  friend class Lease;
  struct Waiter;
  struct Entry {
    std::shared_ptr<Connection> connection;
    std::size_t leases = 0;
    /// When it was last unused, or given back.
    std::chrono::steady_clock::time_point moved_at = {};
  };

  static base::Task<> open_one(std::shared_ptr<Pool> self);
  void opened(std::shared_ptr<Connection> connection);
  void failed(const std::string& reason);
  void retry_after(std::chrono::milliseconds backoff);
  bool may_grow() const;
  /// Begins to make one more connection if that is allowed now.
  void grow();
  bool may_have_more(const Entry& entry) const;
  /// Whether it is suspected of being held up.
  bool hesitates(const Entry& entry) const;
  /// The usable connection with the fewest leases, of those that may have one more: one that is suspected of being held
  /// up only where all are.
  Entry* least_used();
  Lease lease(Entry& entry);
  void give_back(const std::shared_ptr<Connection>& connection);
  void drop_broken();
  void serve_waiting();
  void give_up(const std::shared_ptr<Waiter>& waiter);
  std::string exhausted() const;

  const base::Executor executor_;
  const Address address_;
  const ConnectionSettings connection_settings_;
  const PoolLimits limits_;
  base::TaskGroup& openers_;
  std::vector<Entry> entries_;
  std::list<std::shared_ptr<Waiter>> waiting_;
  boost::asio::steady_timer retry_;
  std::size_t opening_ = 0;
  /// Attempts that failed since the last that did not.
  std::size_t failures_ = 0;
  std::string last_failure_;
  bool backing_off_ = false;
  bool closed_ = false;
};

}  // namespace codelab::infra::postgres
