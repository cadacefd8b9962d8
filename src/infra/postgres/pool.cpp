#include "infra/postgres/pool.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "base/log.hpp"
#include "base/store_error.hpp"

namespace codelab::infra::postgres {
namespace {

namespace asio = boost::asio;

/// The part of the time to a stall after which a connection is suspected of one.
constexpr int kHesitation = 10;

/// Between half of `backoff` and all of it.
std::chrono::milliseconds jittered(std::chrono::milliseconds backoff) {
  thread_local std::minstd_rand random{std::random_device{}()};
  std::uniform_int_distribution<std::int64_t> between(backoff.count() / 2, backoff.count());
  return std::chrono::milliseconds(between(random));
}

}  // namespace

struct Pool::Waiter {
  using Done = std::move_only_function<void(std::exception_ptr, Lease)>;

  Waiter(const base::Executor& executor, Done handler) : done(std::move(handler)), timer(executor) {}

  void finish(std::exception_ptr failure, Lease lease) {
    timer.cancel();
    asio::post(timer.get_executor(),
               [done = std::move(done), failure = std::move(failure), lease = std::move(lease)]() mutable {
                 done(std::move(failure), std::move(lease));
               });
  }

  Done done;
  asio::steady_timer timer;
};

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    give_back();
    pool_ = std::move(other.pool_);
    connection_ = std::move(other.connection_);
  }
  return *this;
}

void Lease::give_back() {
  if (pool_) pool_->give_back(connection_);
  pool_.reset();
  connection_.reset();
}

Pool::Pool(base::Executor executor, Address address, ConnectionSettings connection, PoolLimits limits,
           base::TaskGroup& openers)
    : executor_(std::move(executor)),
      address_(std::move(address)),
      connection_settings_(connection),
      limits_(limits),
      openers_(openers),
      retry_(executor_) {}

base::Task<Lease> Pool::acquire() {
  if (closed_) throw base::StoreError("postgres: the pool is closed");
  Entry* free = waiting_.empty() ? least_used() : nullptr;
  const bool better_soon = opening_ > 0 || may_grow();
  if (free != nullptr && !(hesitates(*free) && better_soon)) {
    const bool shared = free->leases > 0;
    auto leased = lease(*free);
    if (shared) grow();
    co_return leased;
  }
  grow();
  if (waiting_.size() >= limits_.max_waiting) throw base::StoreError(exhausted());
  auto initiate = [this](auto handler) {
    const auto waiter = std::make_shared<Waiter>(
        executor_, [handler = std::move(handler)](std::exception_ptr failure, Lease lease) mutable {
          std::move(handler)(std::move(failure), std::move(lease));
        });
    waiting_.push_back(waiter);
    waiter->timer.expires_after(limits_.max_wait);
    waiter->timer.async_wait([self = shared_from_this(), waiter](const auto& cancelled) {
      if (!cancelled) self->give_up(waiter);
    });
  };
  auto leased = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr, Lease)>(
      std::move(initiate), asio::use_awaitable);
  co_return std::move(leased);
}

void Pool::close() {
  closed_ = true;
  retry_.cancel();
  for (auto& entry : entries_) entry.connection->close();
  entries_.clear();
  const auto failure = std::make_exception_ptr(base::StoreError("postgres: the pool is closed"));
  for (auto& waiter : std::exchange(waiting_, {})) waiter->finish(failure, {});
}

bool Pool::may_grow() const {
  const bool probing = failures_ > 0 && opening_ > 0;
  return !closed_ && !backing_off_ && !probing && entries_.size() + opening_ < limits_.connections;
}

void Pool::grow() {
  if (!may_grow()) return;
  ++opening_;
  if (!openers_.spawn(executor_, open_one(shared_from_this()))) --opening_;
}

base::Task<> Pool::open_one(std::shared_ptr<Pool> self) {
  std::shared_ptr<Connection> connection;
  std::string failure;
  try {
    connection = co_await Connection::open(self->address_, self->connection_settings_);
  } catch (const std::exception& error) {
    failure = error.what();
  }
  --self->opening_;
  if (self->closed_) {
    if (connection) connection->close();
  } else if (connection) {
    self->opened(std::move(connection));
  } else {
    self->failed(failure);
  }
}

void Pool::opened(std::shared_ptr<Connection> connection) {
  if (std::exchange(failures_, 0) > 0) base::log::info("store_reconnected", {{"store", "postgres"}});
  last_failure_.clear();
  connection->on_broken([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self) self->drop_broken();
  });
  entries_.push_back({std::move(connection)});
  serve_waiting();
}

void Pool::failed(const std::string& reason) {
  last_failure_ = reason;
  const auto doublings = std::min<std::size_t>(failures_++, 16);
  const std::chrono::milliseconds doubled(limits_.first_backoff.count() << doublings);
  const auto backoff = jittered(std::min(limits_.max_backoff, doubled));
  const auto level = failures_ == 1 ? base::log::Level::warning : base::log::Level::debug;
  if (base::log::enabled(level)) {
    base::log::write(level, "store_connect_failed", {{"reason", reason}, {"retry_ms", backoff.count()}});
  }
  retry_after(backoff);
  // Some may have waited for this one rather than share another.
  serve_waiting();
}

void Pool::retry_after(std::chrono::milliseconds backoff) {
  backing_off_ = true;
  retry_.expires_after(backoff);
  retry_.async_wait([self = shared_from_this()](const auto& cancelled) {
    if (cancelled) return;
    self->backing_off_ = false;
    self->grow();
  });
}

bool Pool::may_have_more(const Entry& entry) const {
  if (entry.leases == 0) return true;
  const bool stalled = std::chrono::steady_clock::now() >= entry.moved_at + limits_.stalled_after;
  return entry.leases < limits_.leases_each && !stalled;
}

bool Pool::hesitates(const Entry& entry) const {
  return entry.leases > 0 && std::chrono::steady_clock::now() >= entry.moved_at + limits_.stalled_after / kHesitation;
}

Pool::Entry* Pool::least_used() {
  const bool any_flows = !std::ranges::all_of(entries_, [this](const Entry& each) { return hesitates(each); });
  Entry* found = nullptr;
  for (Entry& each : entries_) {
    // One that flows has room again soon.
    if (!may_have_more(each) || (any_flows && hesitates(each))) continue;
    if (found == nullptr || each.leases < found->leases) found = &each;
  }
  return found;
}

Lease Pool::lease(Entry& entry) {
  if (entry.leases++ == 0) entry.moved_at = std::chrono::steady_clock::now();
  return {shared_from_this(), entry.connection};
}

void Pool::give_back(const std::shared_ptr<Connection>& connection) {
  const auto found = std::ranges::find(entries_, connection, &Entry::connection);
  if (found == entries_.end()) return;
  --found->leases;
  found->moved_at = std::chrono::steady_clock::now();
  if (connection->usable()) {
    serve_waiting();
  } else {
    drop_broken();
  }
}

void Pool::drop_broken() {
  std::erase_if(entries_, [](const Entry& entry) { return !entry.connection->usable(); });
  if (entries_.empty() || !waiting_.empty()) grow();
}

void Pool::serve_waiting() {
  while (!waiting_.empty()) {
    Entry* free = least_used();
    if (free == nullptr) return grow();
    const auto waiter = std::move(waiting_.front());
    waiting_.pop_front();
    waiter->finish(nullptr, lease(*free));
  }
}

void Pool::give_up(const std::shared_ptr<Waiter>& waiter) {
  const auto found = std::ranges::find(waiting_, waiter);
  if (found == waiting_.end()) return;
  waiting_.erase(found);
  waiter->finish(std::make_exception_ptr(base::StoreError(exhausted())), {});
}

std::string Pool::exhausted() const {
  if (!last_failure_.empty()) return last_failure_;
  return fmt::format("postgres: none of {} connections came free within {} ms, {} wait", limits_.connections,
                     limits_.max_wait.count(), waiting_.size());
}

}  // namespace codelab::infra::postgres
