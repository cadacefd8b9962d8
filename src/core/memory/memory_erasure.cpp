#include "core/memory/memory_erasure.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"
#include "base/store_error.hpp"

namespace codelab::core::memory {
namespace asio = boost::asio;

namespace {

/// Why it failed; empty when it did not. Only a store's failure is worth another attempt.
base::Task<std::string> failure_of(base::Task<> attempt) {
  std::string reason;
  try {
    co_await std::move(attempt);
  } catch (const base::StoreError& failure) {
    reason = failure.what();
  }
  co_return reason;
}

/// Returns when an attempt succeeded, or throws when this is cancelled.
base::Task<> until_done(std::string_view what, std::function<base::Task<>()> attempt, MemoryErasure::Pauses pauses) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor);
  for (auto pause = pauses.first;; pause = std::min(pause * 2, pauses.last)) {
    auto running = attempt();
    const auto reason = co_await failure_of(std::move(running));
    if (reason.empty()) co_return;
    base::log::warning("memories_not_dropped_yet", {{"of", what}, {"reason", reason}});
    timer.expires_after(pause);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

base::Task<> without_count(base::Task<std::int64_t> task) { co_await std::move(task); }

}  // namespace

void MemoryErasure::start() {
  auto attempt = [this] { return without_count(reconcile()); };
  parts_.work.spawn(parts_.cores.executor(0), until_done("agents without a row", std::move(attempt), pauses_));
}

void MemoryErasure::agent_erased(const identity::UserScope& scope, const base::AgentId& agent) noexcept {
  auto attempt = [this, scope, agent] { return parts_.memories.drop_agent(scope, agent); };
  const auto home = parts_.cores.home_of(scope.user());
  parts_.work.spawn(parts_.cores.executor(home), until_done("an erased agent", std::move(attempt), pauses_));
}

void MemoryErasure::user_erased(const base::UserId& user) noexcept {
  auto attempt = [this, scope = identity::ScopeIssuer::open(user)] { return parts_.memories.drop_user(scope); };
  const auto home = parts_.cores.home_of(user);
  parts_.work.spawn(parts_.cores.executor(home), until_done("an erased user", std::move(attempt), pauses_));
}

/// The owners are listed first: whoever is among them was an agent already, and has only gone if it is not found.
base::Task<std::int64_t> MemoryErasure::reconcile() {
  const auto owners = co_await parts_.memories.owners();
  std::int64_t dropped = 0;
  for (const MemoryOwner& owner : owners) {
    const auto scope = identity::ScopeIssuer::open(owner.user);
    agents::AgentRef ref{.id = owner.agent, .name = {}};
    const auto agent = co_await parts_.agents.find(scope, std::move(ref));
    if (agent) continue;
    co_await parts_.memories.drop_agent(scope, owner.agent);
    ++dropped;
  }
  if (dropped > 0) base::log::info("memories_without_agent_dropped", {{"agents", dropped}});
  co_return dropped;
}

}  // namespace codelab::core::memory
