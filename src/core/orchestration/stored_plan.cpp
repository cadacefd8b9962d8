#include "core/orchestration/stored_plan.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"
#include "base/store_error.hpp"
#include "core/chat/task_lifecycle.hpp"

namespace codelab::core::orchestration {

namespace asio = boost::asio;

namespace {

constexpr int kTriesToStore = 60;

}  // namespace

/// One change at a time. One whose answer did not come may have been stored: then the plan, read again, has it.
base::Task<> StoredPlan::change(Edit edit) {
  while (storing_) co_await wait_for_change();
  storing_ = true;
  struct Storing {
    StoredPlan& plan;
    ~Storing() {
      plan.storing_ = false;
      plan.notify();
    }
  } const storing{*this};
  asio::steady_timer pause(co_await asio::this_coro::executor);
  for (int tries = 0; tries < kTriesToStore; ++tries) {
    Plan next = plan_;
    ++next.version;
    next.updated_at = clock_.now();
    PlanChange change{.plan = next.id, .version = next.version, .updated_at = next.updated_at};
    if (!edit(next, change)) co_return;
    const auto changed = co_await try_change(std::move(change));
    if (changed == Changed::gone) throw chat::TaskGone();
    if (changed == Changed::yes) {
      plan_ = std::move(next);
      co_return;
    }
    if (!changed) {
      pause.expires_after(before_asking_again_);
      co_await pause.async_wait(asio::use_awaitable);
    }
    auto plan = co_await read();
    if (plan) plan_ = std::move(*plan);
  }
  throw base::StoreError("the plan could not be stored");
}

base::Task<std::optional<Changed>> StoredPlan::try_change(PlanChange change) {
  try {
    co_return co_await store_.change(call_.scope, call_.task, std::move(change));
  } catch (const base::StoreError& failure) {
    base::log::warning("plan_not_stored", {{"plan_id", plan_.id.str()}, {"reason", failure.what()}});
  }
  co_return std::nullopt;
}

/// What is stored meanwhile is newer than what was read.
base::Task<> StoredPlan::reload() {
  if (storing_) co_return;
  auto plan = co_await read();
  if (storing_ || !plan || plan->version <= plan_.version) co_return;
  plan_ = std::move(*plan);
  notify();
}

base::Task<std::optional<Plan>> StoredPlan::read() {
  try {
    auto plan = co_await store_.of_task(call_.scope, call_.task.id);
    if (!plan) throw chat::TaskGone();
    co_return plan;
  } catch (const base::StoreError& failure) {
    base::log::warning("plan_not_read", {{"plan_id", plan_.id.str()}, {"reason", failure.what()}});
  }
  co_return std::nullopt;
}

base::Task<> StoredPlan::wait_for_change() { co_await changed_.async_wait(asio::as_tuple(asio::use_awaitable)); }

}  // namespace codelab::core::orchestration
