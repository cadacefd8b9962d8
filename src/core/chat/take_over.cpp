#include "core/chat/take_over.hpp"

#include <limits>
#include <memory>
#include <string>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/failure.hpp"
#include "base/log.hpp"
#include "base/pause.hpp"
#include "core/chat/direct_call_events.hpp"
#include "core/chat/interruption.hpp"
#include "core/chat/until_ended.hpp"

namespace codelab::core::chat {
namespace {

/// Of one look: the rest stays for the other processes, or for the next look.
constexpr std::int64_t kTakenAtOnce = 64;
constexpr std::chrono::seconds kResumeAgainAfter{2};

}  // namespace

base::Task<> TakeOver::begin() {
  co_await ports_.leases.renew(limits_.lease);
  leased_ = true;
}

base::Task<> TakeOver::keep_lease() {
  for (;;) {
    co_await renew();
    co_await base::pause_for(limits_.interval);
  }
}

base::Task<> TakeOver::run() {
  const auto timer = std::make_shared<boost::asio::steady_timer>(co_await boost::asio::this_coro::executor);
  {
    const std::scoped_lock lock(mutex_);
    until_next_look_ = timer;
  }
  for (;;) {
    if (may_take()) co_await take_over();
    timer->expires_after(limits_.interval);
    if (woken_.exchange(false)) continue;
    co_await timer->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
}

void TakeOver::look_soon() {
  woken_ = true;
  const std::scoped_lock lock(mutex_);
  const auto timer = until_next_look_.lock();
  if (timer) boost::asio::post(timer->get_executor(), [timer] { timer->cancel(); });
}

bool TakeOver::may_take() const { return taking_ && leased_ && std::chrono::steady_clock::now() >= not_before_; }

base::Task<> TakeOver::end() {
  try {
    co_await ports_.leases.release();
  } catch (...) {
    base::log::warning("lease_not_released", {{"reason", base::reason_unless_cancelled()}});
  }
}

/// One that took almost as long as the lease lasts is none: others may have taken this process for gone.
base::Task<> TakeOver::renew() {
  const auto began = std::chrono::steady_clock::now();
  bool renewed = false;
  try {
    co_await ports_.leases.renew(limits_.lease);
    renewed = std::chrono::steady_clock::now() - began < limits_.lease / 2;
    if (!renewed) base::log::warning("lease_renewed_late");
  } catch (...) {
    base::log::warning("lease_not_renewed", {{"reason", base::reason_unless_cancelled()}});
  }
  const bool back = renewed && !leased_;
  if (back) not_before_ = std::chrono::steady_clock::now() + limits_.lease + limits_.interval;
  leased_ = renewed;
}

base::Task<> TakeOver::take_over() {
  const base::Timestamp now = ports_.clock.now();
  TakeOverRule rule{
      .limit = kTakenAtOnce, .running = ports_.running.all(), .begun_before = now - limits_.lost_after, .now = now};
  if (rule.running.size() >= limits_.running) co_return;
  std::vector<TakenTask> taken;
  try {
    taken = co_await ports_.leases.take_over(std::move(rule));
  } catch (...) {
    base::log::warning("tasks_not_taken_over", {{"reason", base::reason_unless_cancelled()}});
  }
  for (TakenTask& each : taken) {
    base::log::warning("task_taken_over", {{"task_id", each.task.id.str()}, {"attempt", each.attempt}});
    const base::Executor home = ports_.cores.executor(ports_.cores.home_of(each.scope.user()));
    auto running = ports_.running.hold(each.task.id);
    // After cancel() nothing is started: the lease is released soon, and another process takes it.
    const identity::UserScope scope = each.scope;
    ports_.work.spawn(home, until_ended(ports_.tasks, scope, std::move(running), resume(std::move(each))));
  }
}

/// A task that is taken over must end, whatever the store does meanwhile: as long as this process lives no other one
/// runs it.
base::Task<> TakeOver::resume(TakenTask taken) {
  for (;;) {
    try {
      co_await resume_once(taken);
      co_return;
    } catch (...) {
      const std::string reason = base::reason_unless_cancelled();
      base::log::warning("task_not_resumed", {{"task_id", taken.task.id.str()}, {"reason", reason}});
    }
    co_await base::pause_for(kResumeAgainAfter);
  }
}

base::Task<> TakeOver::resume_once(const TakenTask& taken) {
  if (taken.stalled >= limits_.stalls) {
    co_return co_await give_up(taken, interrupted("the servers that worked on the answer stopped, several times"));
  }
  auto agent = co_await ports_.targets.of_task(taken.scope, taken.task.kind, taken.task.agent_id);
  if (!agent) co_return co_await give_up(taken, agent.error());
  // It had its place in the queue already: it is not refused now.
  auto bounds = bounds_of(*agent);
  bounds.waiting = std::numeric_limits<std::int32_t>::max();
  auto turn = co_await ports_.bus.enter(
      {.scope = taken.scope, .agent = agent->id, .session = taken.task.session_id, .task = taken.task.id}, bounds);
  Call call{.scope = taken.scope,
            .task = taken.task,
            .request = taken.request,
            .agent = std::move(*agent),
            .has_history = true,
            .attempt = taken.attempt,
            .patient = taken.task.kind == TaskKind::plan};
  co_await queued_.run(std::move(call), std::move(turn.value()));
}

base::Task<> TakeOver::give_up(const TakenTask& taken, base::Error error) {
  Task task = taken.task;
  task.status = TaskStatus::failed;
  task.completed_at = ports_.clock.now();
  task.error = TaskError{.code = std::string(base::name_of(error.code)), .detail = std::move(error.detail)};
  std::vector<events::NewEvent> events{task_failed(task)};
  base::log::error("task_given_up", {{"task_id", task.id.str()}, {"code", task.error->code}});
  co_await ports_.tasks.end(taken.scope, task, std::move(events));
}

}  // namespace codelab::core::chat
