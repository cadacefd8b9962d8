#include "core/bus/agent_bus.hpp"

#include <algorithm>
#include <optional>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/failure.hpp"
#include "base/log.hpp"

namespace codelab::core::bus {

using Clock = std::chrono::steady_clock;

/// A task of this process, with what its waiting coroutine waits on.
struct AgentBus::Member {
  Member(Ticket held, QueueBounds wanted, bool runs) : ticket(std::move(held)), bounds(wanted), running(runs) {}

  const Ticket ticket;
  const QueueBounds bounds;
  std::mutex mutex;
  bool running;
  /// There while somebody waits.
  std::optional<boost::asio::steady_timer> waiter;

  bool runs() {
    const std::scoped_lock lock(mutex);
    return running;
  }
};

namespace {

/// Whoever waits is woken on its own executor; the timer lives as long as its member.
void begin(const std::shared_ptr<AgentBus::Member>& member) {
  const std::scoped_lock lock(member->mutex);
  member->running = true;
  if (!member->waiter) return;
  boost::asio::post(member->waiter->get_executor(), [member] {
    if (member->waiter) member->waiter->cancel();
  });
}

}  // namespace

AgentBus::Turn::~Turn() {
  const auto bus = bus_.lock();
  if (member_ && bus) bus->leave(member_);
}

bool AgentBus::Turn::has_come() const { return member_->runs(); }

base::Task<> AgentBus::Turn::come() {
  const base::Executor executor = co_await boost::asio::this_coro::executor;
  {
    const std::scoped_lock lock(member_->mutex);
    if (member_->running) co_return;
    member_->waiter.emplace(executor, Clock::time_point::max());
  }
  while (!member_->runs()) {
    // Woken, or cancelled with its coroutine: then that throws at the next wait.
    co_await member_->waiter->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
}

base::Task<base::Result<AgentBus::Turn>> AgentBus::enter(Ticket ticket, QueueBounds bounds) {
  const Place place = co_await queues_.enter(ticket, bounds);
  if (place == Place::refused) {
    base::Error full = base::make_error(base::ErrorCode::queue_full,
                                        "too many tasks wait for this agent; try again when some of them have ended");
    full.retry_after = std::chrono::seconds{5};
    co_return full;
  }
  auto member = std::make_shared<Member>(ticket, bounds, place == Place::running);
  {
    const std::scoped_lock lock(mutex_);
    auto [entry, is_new] = agents_.try_emplace(key_of(ticket));
    if (is_new) entry->second.looked_after = Clock::now();
    entry->second.members.push_back(member);
  }
  co_return Turn(self_, std::move(member));
}

/// Once the group takes nothing more, the process ends: its places are free after their time.
void AgentBus::leave(const std::shared_ptr<Member>& member) {
  {
    const std::scoped_lock lock(mutex_);
    const auto found = agents_.find(key_of(member->ticket));
    std::erase(found->second.members, member);
    if (found->second.members.empty()) agents_.erase(found);
  }
  group_.spawn(executor_, leave_and_look(member));
}

base::Task<> AgentBus::leave_and_look(std::shared_ptr<Member> member) {
  try {
    co_await queues_.leave(member->ticket, member->bounds);
    co_await look_after(key_of(member->ticket));
  } catch (...) {
    base::log::warning("queue_not_left",
                       {{"task_id", member->ticket.task.str()}, {"reason", base::reason_unless_cancelled()}});
  }
}

base::Task<> AgentBus::look_after(Key key) {
  Members members;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = agents_.find(key);
    if (found == agents_.end()) co_return;
    found->second.looked_after = Clock::now();
    members = found->second.members;
  }
  std::vector<Ticket> running;
  std::vector<Ticket> waiting;
  for (const auto& each : members) (each->runs() ? running : waiting).push_back(each->ticket);
  const QueueBounds bounds = members.back()->bounds;
  const auto begun = co_await queues_.look_after(std::move(running), std::move(waiting), bounds);
  for (const auto& each : members) {
    if (std::ranges::count(begun, each->ticket.task) > 0) begin(each);
  }
}

std::vector<AgentBus::Key> AgentBus::due() {
  std::vector<Key> keys;
  const std::scoped_lock lock(mutex_);
  for (const auto& [key, agent] : agents_) {
    const bool waits = std::ranges::any_of(agent.members, [](const auto& each) { return !each->runs(); });
    if (Clock::now() >= agent.looked_after + (waits ? limits_.waiting : limits_.running)) keys.push_back(key);
  }
  return keys;
}

base::Task<> AgentBus::run() {
  boost::asio::steady_timer pause(executor_);
  for (;;) {
    pause.expires_after(limits_.waiting);
    co_await pause.async_wait(boost::asio::use_awaitable);
    for (const Key& key : due()) {
      try {
        co_await look_after(key);
      } catch (...) {
        base::log::warning("queue_not_looked_after", {{"reason", base::reason_unless_cancelled()}});
      }
    }
  }
}

AgentBus::Counts AgentBus::counts() const {
  Counts counts;
  const std::scoped_lock lock(mutex_);
  for (const auto& [key, agent] : agents_) {
    for (const auto& each : agent.members) ++(each->runs() ? counts.running : counts.waiting);
  }
  return counts;
}

}  // namespace codelab::core::bus
