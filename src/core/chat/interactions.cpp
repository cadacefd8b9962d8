#include "core/chat/interactions.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <iterator>
#include <utility>
#include <variant>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/failure.hpp"
#include "base/log.hpp"
#include "base/outcome_of.hpp"
#include "base/pause.hpp"
#include "base/store_error.hpp"

namespace codelab::core::chat {
namespace {

/// What of an answer goes into memory: enough to find and to recall it.
constexpr std::size_t kMaxRememberedBytes = 16'000;
constexpr std::size_t kPaidAtOnce = 32;
constexpr std::ptrdiff_t kSettledAtOnce = 1'024;
constexpr std::chrono::seconds kAgainAfter{60};
constexpr std::chrono::hours kGivenUpAfter{24};

memory::Remember interaction(const Message& request, const std::string& answer) {
  memory::Remember what{.id = {request.task_id.value().bytes},
                        .kind = memory::MemoryKind::interaction,
                        .text = "User: " + request.content + "\nAssistant: " + answer};
  what.text = memory::utf8_prefix(what.text, kMaxRememberedBytes);
  what.metadata["session_id"] = request.session_id.str();
  what.metadata["message_id"] = request.id.str();
  return what;
}

template <class T>
base::Task<> put_into(T& result, base::Task<T> trying) {
  result = co_await std::move(trying);
}

}  // namespace

std::optional<base::Timestamp> Interactions::due(const agents::CallableAgent& agent, const std::string& answer) const {
  // An empty answer is nothing to remember.
  if (!agent.config.memory.enabled || answer.empty()) return std::nullopt;
  return ports_.clock.now() + kAgainAfter;
}

base::Task<> Interactions::remember(identity::UserScope scope, agents::CallableAgent agent, Message request,
                                    std::string answer) {
  if (!due(agent, answer)) co_return;
  const base::TaskId task = request.task_id.value();
  const auto tried = co_await try_in_time(scope, agent.id, std::move(request), std::move(answer));
  if (tried.reason) {
    co_await owe(scope, task, *tried.reason);
  } else {
    remembered(scope, task);
  }
  if (tried.stored) co_await keep_bounds(scope, std::move(agent), *tried.stored);
}

base::Task<Interactions::Attempt> Interactions::try_in_time(identity::UserScope scope, base::AgentId agent,
                                                            Message request, std::string answer) {
  using boost::asio::experimental::awaitable_operators::operator||;
  Attempt attempt{.reason = "it takes too long"};
  auto trying = put_into(attempt, try_to_remember(scope, agent, std::move(request), std::move(answer)));
  auto first = co_await (base::outcome_of(std::move(trying)) || base::pause_for(patience_));
  if (first.index() == 0 && std::get<0>(first)) std::rethrow_exception(std::get<0>(first));
  co_return attempt;
}

base::Task<Interactions::Attempt> Interactions::try_to_remember(identity::UserScope scope, base::AgentId agent,
                                                                Message request, std::string answer) {
  try {
    const auto stored = co_await ports_.memory.remember(scope, agent, interaction(request, answer));
    if (stored) co_return Attempt{.stored = stored->id};
    if (stored.error().code == base::ErrorCode::agent_not_found) co_return Attempt{};
    co_return Attempt{.reason = stored.error().detail};
  } catch (...) {
    co_return Attempt{.reason = base::reason_unless_cancelled()};
  }
}

base::Task<> Interactions::keep_bounds(identity::UserScope scope, agents::CallableAgent agent, base::MemoryId stored) {
  try {
    co_await ports_.memory.keep_bounds(scope, agent.id, agent.config.memory, stored);
  } catch (...) {
    base::log::warning("memory_bounds_not_kept",
                       {{"agent_id", agent.id.str()}, {"reason", base::reason_unless_cancelled()}});
  }
}

void Interactions::remembered(identity::UserScope scope, base::TaskId task) {
  const std::scoped_lock lock(mutex_);
  remembered_.push_back({.scope = scope, .task = task});
}

/// What is not settled for a failure of the store is due later and remembered again, which changes nothing.
base::Task<> Interactions::settle() {
  std::vector<SettledMemory> all;
  {
    const std::scoped_lock lock(mutex_);
    all.swap(remembered_);
  }
  while (!all.empty()) {
    const auto from = all.end() - std::min(std::ssize(all), kSettledAtOnce);
    std::vector<SettledMemory> slice(from, all.end());
    all.erase(from, all.end());
    co_await ports_.debts.settle(std::move(slice));
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
  for (;;) {
    co_await base::pause_for(interval_);
    try {
      co_await settle();
    } catch (...) {
      base::log::warning("memories_not_settled", {{"reason", base::reason_unless_cancelled()}});
    }
    try {
      co_await pay_due();
    } catch (...) {
      base::log::warning("memories_not_paid", {{"reason", base::reason_unless_cancelled()}});
    }
  }
}

/// One after the other: what is claimed and waits for long is claimed by another process too.
base::Task<> Interactions::pay_due() {
  for (std::size_t paid = 0; paid < kPaidAtOnce; ++paid) {
    const base::Timestamp now = ports_.clock.now();
    auto owed = co_await ports_.debts.claim(now, now + kAgainAfter, 1);
    if (owed.empty()) co_return;
    co_await pay(std::move(owed.front()));
  }
}

base::Task<> Interactions::pay(OwedMemory owed) {
  const identity::UserScope scope = owed.scope;
  const base::TaskId task = owed.task.id;
  const bool hopeless = owed.answer.created_at + kGivenUpAfter < ports_.clock.now();
  agents::AgentRef reference{.id = owed.task.agent_id, .name = {}};
  auto agent = co_await ports_.agents.find(scope, std::move(reference));
  if (agent) {
    const auto tried =
        co_await try_to_remember(scope, agent->id, std::move(owed.request), std::move(owed.answer.content));
    if (tried.stored) co_await keep_bounds(scope, std::move(*agent), *tried.stored);
    if (tried.reason && !hopeless) co_return;
    if (tried.reason) base::log::error("memory_lost", {{"task_id", task.str()}, {"reason", *tried.reason}});
  }
  remembered(scope, task);
}

}  // namespace codelab::core::chat
