#include "core/chat/interactions.hpp"

#include <exception>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "base/log.hpp"
#include "base/store_error.hpp"

namespace codelab::core::chat {
namespace {

/// What of an answer goes into memory: enough to find and to recall it.
constexpr std::size_t kMaxRememberedBytes = 16'000;
constexpr std::int64_t kPaidAtOnce = 32;
constexpr std::chrono::seconds kAgainAfter{60};
constexpr std::chrono::hours kGivenUpAfter{24};

memory::Remember interaction(const Message& request, const std::string& answer) {
  memory::Remember what{.kind = memory::MemoryKind::interaction,
                        .text = "User: " + request.content + "\nAssistant: " + answer};
  what.text = memory::utf8_prefix(what.text, kMaxRememberedBytes);
  what.metadata["session_id"] = request.session_id.str();
  what.metadata["message_id"] = request.id.str();
  return what;
}

}  // namespace

base::Task<> Interactions::remember(identity::UserScope scope, agents::CallableAgent agent, Message request,
                                    std::string answer) {
  // An empty answer is nothing to remember.
  if (!agent.config.memory.enabled || answer.empty()) co_return;
  const base::TaskId task = request.task_id.value();
  auto reason = co_await try_to_remember(scope, std::move(agent), std::move(request), std::move(answer));
  if (reason) co_await owe(scope, task, std::move(*reason));
}

base::Task<std::optional<std::string>> Interactions::try_to_remember(identity::UserScope scope,
                                                                     agents::CallableAgent agent, Message request,
                                                                     std::string answer) {
  try {
    auto stored = co_await ports_.memory.remember(scope, agent.id, interaction(request, answer));
    if (stored) co_await ports_.memory.keep_bounds(scope, agent.id, agent.config.memory, stored->id);
    if (stored || stored.error().code == base::ErrorCode::agent_not_found) co_return std::nullopt;
    co_return stored.error().detail;
  } catch (const boost::system::system_error& failure) {
    if (failure.code() == boost::asio::error::operation_aborted) throw;
    co_return failure.what();
  } catch (const std::exception& failure) {
    co_return failure.what();
  }
}

base::Task<> Interactions::owe(identity::UserScope scope, base::TaskId task, std::string reason) {
  base::log::warning("memory_owed", {{"task_id", task.str()}, {"reason", reason}});
  try {
    co_await ports_.debts.owe(scope, task, ports_.clock.now());
  } catch (const base::StoreError& failure) {
    base::log::error("memory_lost", {{"task_id", task.str()}, {"reason", failure.what()}});
  }
}

base::Task<> Interactions::run() {
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
  for (;;) {
    pause.expires_after(interval_);
    co_await pause.async_wait(boost::asio::use_awaitable);
    try {
      co_await pay_due();
    } catch (const base::StoreError& failure) {
      base::log::warning("memories_not_paid", {{"reason", failure.what()}});
    }
  }
}

base::Task<> Interactions::pay_due() {
  const base::Timestamp now = ports_.clock.now();
  for (OwedMemory& each : co_await ports_.debts.claim(now, now + kAgainAfter, kPaidAtOnce)) {
    co_await pay(std::move(each));
  }
}

base::Task<> Interactions::pay(OwedMemory owed) {
  const identity::UserScope scope = owed.scope;
  const base::TaskId task = owed.task.id;
  const bool hopeless = owed.answer.created_at + kGivenUpAfter < ports_.clock.now();
  agents::AgentRef reference{.id = owed.task.agent_id, .name = {}};
  auto agent = co_await ports_.agents.find(scope, std::move(reference));
  if (agent) {
    const auto reason =
        co_await try_to_remember(scope, std::move(*agent), std::move(owed.request), std::move(owed.answer.content));
    if (reason && !hopeless) co_return;
    if (reason) base::log::error("memory_lost", {{"task_id", task.str()}, {"reason", *reason}});
  }
  co_await ports_.debts.settle(scope, task);
}

}  // namespace codelab::core::chat
