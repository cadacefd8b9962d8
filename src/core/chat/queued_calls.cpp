#include "core/chat/queued_calls.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/store_error.hpp"
#include "core/chat/direct_call_events.hpp"

namespace codelab::core::chat {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

base::Error waited_too_long() {
  base::Error error =
      base::make_error(base::ErrorCode::overloaded, "the task waited too long for its agent, which has others to do");
  error.retry_after = std::chrono::seconds{30};
  return error;
}

base::Task<> QueuedCalls::run(Call call, bus::AgentBus::Turn turn) {
  if (call.task.status == TaskStatus::running && !turn.has_come()) co_await tell_that_it_waits(call);
  const Wait waited = co_await wait(call, turn);
  if (waited == Wait::in_vain) co_return;
  base::Result<agents::CallableAgent> agent = waited_too_long();
  if (waited == Wait::over) agent = co_await agent_of(call);
  if (!agent) {
    turn.leave();
    co_return co_await ports_.lifecycle.fail(call, agent.error());
  }
  call.agent = std::move(*agent);
  const bool wanted = co_await ports_.lifecycle.begin(call);
  if (wanted) co_await ports_.runner.run(std::move(call), turn);
}

base::Task<> QueuedCalls::tell_that_it_waits(Call& call) {
  call.task.status = TaskStatus::queued;
  try {
    std::vector<events::NewEvent> events{task_queued(call.task)};
    co_await ports_.tasks.append(call.scope, call.task, std::move(events));
  } catch (const base::StoreError& failure) {
    base::log::warning("task_wait_not_stored", {{"task_id", call.task.id.str()}, {"reason", failure.what()}});
  }
}

base::Task<QueuedCalls::Wait> QueuedCalls::wait(const Call& call, bus::AgentBus::Turn& turn) {
  const auto deadline = Clock::now() + (call.patient ? limits_.patience : limits_.wait);
  for (;;) {
    const auto next_look = std::min(deadline, Clock::now() + limits_.look);
    const auto came = co_await turn.come(next_look);
    if (came == bus::AgentBus::Came::yes) co_return Wait::over;
    if (came == bus::AgentBus::Came::never) co_return Wait::in_vain;
    if (Clock::now() >= deadline) co_return Wait::too_long;
    const bool wanted = co_await is_wanted(call);
    if (!wanted) co_return Wait::in_vain;
  }
}

base::Task<bool> QueuedCalls::is_wanted(const Call& call) {
  try {
    const auto task = co_await ports_.tasks.find(call.scope, call.task.id);
    co_return task && !is_final(task->status);
  } catch (const base::StoreError& failure) {
    base::log::warning("waiting_task_not_found", {{"task_id", call.task.id.str()}, {"reason", failure.what()}});
  }
  co_return true;
}

base::Task<base::Result<agents::CallableAgent>> QueuedCalls::agent_of(const Call& call) {
  try {
    co_return co_await ports_.targets.of_task(call.scope, call.task.kind, call.agent.id);
  } catch (const base::StoreError& failure) {
    base::log::warning("queued_agent_not_read", {{"task_id", call.task.id.str()}, {"reason", failure.what()}});
  }
  co_return call.agent;
}

}  // namespace codelab::core::chat
