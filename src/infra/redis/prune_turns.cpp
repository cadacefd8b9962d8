#include "infra/redis/prune_turns.hpp"

#include <expected>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace codelab::infra::redis {

using Steady = std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds kLookEvery{50};

base::Task<> release(Locks locks, LockLease lease) {
  const auto released = co_await locks.release(std::move(lease));
  // One that could not be released ends by itself.
  static_cast<void>(released);
}

}  // namespace

class RedisPruneTurns::Leases {
 public:
  Leases(Clients& clients, std::chrono::milliseconds kept) : clients_(clients), locks_(clients), kept_(kept) {}

  base::Task<std::expected<std::optional<LockLease>, Failure>> take(core::identity::UserScope scope,
                                                                    base::AgentId agent) {
    return locks_.acquire(std::move(scope), "prune:" + agent.str(), kept_);
  }
  base::Task<std::expected<bool, Failure>> keep(LockLease lease) { return locks_.renew(std::move(lease), kept_); }
  void end(LockLease lease) { clients_.group().spawn(clients_.cores().executor(0), release(locks_, std::move(lease))); }
  std::chrono::milliseconds kept() const { return kept_; }

 private:
  Clients& clients_;
  Locks locks_;
  const std::chrono::milliseconds kept_;
};

class RedisPruneTurns::Turn final : public core::memory::PruneTurn {
 public:
  Turn(const std::shared_ptr<Leases>& leases, std::unique_ptr<PruneTurn> own, LockLease lease)
      : leases_(leases), own_(std::move(own)), lease_(std::move(lease)) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() override {
    if (const auto leases = leases_.lock()) leases->end(std::move(lease_));
  }

  bool look() override { return !lost_ && own_->look(); }
  base::Task<bool> keep() override {
    const auto leases = leases_.lock();
    if (!leases) co_return false;
    if (Steady::now() - kept_at_ < leases->kept() / 3) co_return true;
    const auto kept = co_await leases->keep(lease_);
    // Redis is away: the turn goes on in this process.
    if (!kept) co_return true;
    kept_at_ = Steady::now();
    lost_ = !*kept;
    co_return *kept;
  }

 private:
  /// Gone when this is destroyed with a core that was stopped.
  const std::weak_ptr<Leases> leases_;
  const std::unique_ptr<PruneTurn> own_;
  LockLease lease_;
  Steady::time_point kept_at_ = Steady::now();
  bool lost_ = false;
};

RedisPruneTurns::RedisPruneTurns(Clients& clients, core::memory::PruneTurns& per_process, Times times)
    : per_process_(per_process), times_(times), leases_(std::make_shared<Leases>(clients, times.kept)) {}

base::Task<std::unique_ptr<core::memory::PruneTurn>> RedisPruneTurns::take(core::identity::UserScope scope,
                                                                           base::AgentId agent) {
  auto own = co_await per_process_.take(scope, agent);
  if (!own) co_return nullptr;
  const auto until = Steady::now() + times_.waits;
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
  for (;;) {
    auto lease = co_await leases_->take(scope, agent);
    if (!lease) co_return own;
    if (*lease) co_return std::make_unique<Turn>(leases_, std::move(own), std::move(**lease));
    if (Steady::now() >= until) co_return nullptr;
    pause.expires_after(kLookEvery);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
}

}  // namespace codelab::infra::redis
