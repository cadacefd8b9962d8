#include "core/bus/agent_bus.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/elsewhere.hpp"
#include "base/failure.hpp"
#include "base/log.hpp"

namespace codelab::core::bus {

using Clock = std::chrono::steady_clock;

/// A task of this process, with what its waiting coroutine waits on.
struct AgentBus::Member {
  Member(Ticket held, QueueBounds wanted, bool runs) : ticket(held), bounds(wanted), running(runs) {}

  const Ticket ticket;
  const QueueBounds bounds;
  const Clock::time_point entered = Clock::now();
  std::mutex mutex;
  bool running;
  /// Its turn will not come.
  bool stopped = false;
  /// What come() waits on, while it does: on its executor.
  boost::asio::steady_timer* waiter = nullptr;

  bool runs() {
    const std::scoped_lock lock(mutex);
    return running;
  }
  Came came() {
    const std::scoped_lock lock(mutex);
    if (running) return Came::yes;
    return stopped ? Came::never : Came::not_yet;
  }
};

namespace {

/// Whoever waits is woken on its own executor. Called with the member locked.
void wake(const std::shared_ptr<AgentBus::Member>& member) {
  if (member->waiter == nullptr) return;
  boost::asio::post(member->waiter->get_executor(), [member] {
    const std::scoped_lock lock(member->mutex);
    if (member->waiter != nullptr) member->waiter->cancel();
  });
}

void stop(const std::shared_ptr<AgentBus::Member>& member) {
  const std::scoped_lock lock(member->mutex);
  if (member->running) return;
  member->stopped = true;
  wake(member);
}

/// Shows a member's timer to those that wake it, and takes it back on the executor that it belongs to.
class Waiter {
 public:
  Waiter(AgentBus::Member& member, boost::asio::steady_timer& timer) : member_(member) { show(&timer); }
  ~Waiter() { show(nullptr); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

 private:
  void show(boost::asio::steady_timer* timer) {
    const std::scoped_lock lock(member_.mutex);
    member_.waiter = timer;
  }

  AgentBus::Member& member_;
};

}  // namespace

AgentBus::Turn::Turn(std::weak_ptr<AgentBus> bus, std::shared_ptr<Member> member)
    : bus_(std::move(bus)), ticket_(member->ticket), bounds_(member->bounds), member_(std::move(member)) {}

void AgentBus::Turn::leave() {
  const auto bus = bus_.lock();
  if (member_ && bus) bus->leave(member_);
  member_.reset();
}

bool AgentBus::Turn::has_come() const { return member_->runs(); }

base::Task<AgentBus::Came> AgentBus::Turn::come(Clock::time_point deadline) {
  const base::Executor executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor, deadline);
  const Waiter waiter(*member_, timer);
  while (member_->came() == Came::not_yet && Clock::now() < deadline) {
    // Woken, or cancelled with its coroutine: then that throws at the next wait.
    co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  co_return member_->came();
}

base::Task<base::Result<AgentBus::Turn>> AgentBus::enter(Ticket ticket, QueueBounds bounds) {
  auto turn = co_await try_enter(ticket, bounds);
  if (turn) co_return std::move(*turn);
  observer_.refused();
  base::Error full = base::make_error(base::ErrorCode::queue_full,
                                      "too many tasks wait for this agent; try again when some of them have ended");
  full.retry_after = std::chrono::seconds{5};
  co_return full;
}

base::Task<std::optional<AgentBus::Turn>> AgentBus::try_enter(Ticket ticket, QueueBounds bounds) {
  const Place place = co_await queues_.enter(ticket, bounds);
  if (place == Place::refused) co_return std::nullopt;
  auto member = std::make_shared<Member>(ticket, bounds, place == Place::running);
  if (place == Place::running) observer_.turn_came({});
  {
    const std::scoped_lock lock(mutex_);
    auto [entry, is_new] = agents_.try_emplace(key_of(ticket));
    if (is_new) entry->second.looked_after = Clock::now();
    entry->second.members.push_back(member);
    if (stopped_) stop(member);
  }
  co_return Turn(self_, std::move(member));
}

base::Task<std::optional<AgentBus::Turn>> AgentBus::enter_and_come(Ticket ticket, QueueBounds bounds,
                                                                   Clock::time_point deadline) {
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
  for (;;) {
    if (!is_stopped()) {
      auto turn = co_await try_enter(ticket, bounds);
      Came came = Came::not_yet;
      if (turn) came = co_await turn->come(deadline);
      if (came == Came::yes) co_return turn;
    }
    if (Clock::now() >= deadline) co_return std::nullopt;
    pause.expires_at(std::min(deadline, Clock::now() + limits_.full));
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
}

bool AgentBus::is_stopped() const {
  const std::scoped_lock lock(mutex_);
  return stopped_;
}

base::Task<> AgentBus::Turn::step_aside() {
  const auto bus = bus_.lock();
  const auto member = std::exchange(member_, nullptr);
  if (!member || !bus) co_return;
  bus->forget(member);
  // Where the bus looks after its places: a look that knows of this one cannot come after its end.
  auto leaving = bus->leave_and_look(member);
  co_await base::elsewhere(bus->executor_, std::move(leaving));
}

base::Task<> AgentBus::Turn::come_back() {
  const auto bus = bus_.lock();
  if (member_ || !bus) co_return;
  // It was accepted once: those that came later do not keep it out.
  QueueBounds bounds = bounds_;
  bounds.waiting = std::numeric_limits<std::int32_t>::max();
  auto again = co_await bus->enter_and_come(ticket_, bounds, Clock::time_point::max());
  member_ = std::move(again.value().member_);
}

/// One that was told that its turn never comes is not begun behind its back.
void AgentBus::begin(const std::shared_ptr<Member>& member) {
  {
    const std::scoped_lock lock(member->mutex);
    if (member->stopped || std::exchange(member->running, true)) return;
    wake(member);
  }
  observer_.turn_came(Clock::now() - member->entered);
}

void AgentBus::forget(const std::shared_ptr<Member>& member) {
  const std::scoped_lock lock(mutex_);
  const auto found = agents_.find(key_of(member->ticket));
  std::erase(found->second.members, member);
  if (found->second.members.empty()) agents_.erase(found);
}

/// Once the group takes nothing more, the process ends: its places are free after their time.
void AgentBus::leave(const std::shared_ptr<Member>& member) {
  forget(member);
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

base::Task<> AgentBus::look_after_due(Key key) {
  try {
    co_await look_after(key);
  } catch (...) {
    base::log::warning("queue_not_looked_after", {{"reason", base::reason_unless_cancelled()}});
  }
  const std::scoped_lock lock(mutex_);
  const auto found = agents_.find(key);
  if (found != agents_.end()) found->second.being_looked_after = false;
}

std::vector<AgentBus::Key> AgentBus::take_due() {
  std::vector<Key> keys;
  const std::scoped_lock lock(mutex_);
  for (auto& [key, agent] : agents_) {
    const bool waits = std::ranges::any_of(agent.members, [](const auto& each) { return !each->runs(); });
    const bool due = Clock::now() >= agent.looked_after + (waits ? limits_.waiting : limits_.running);
    if (!due || std::exchange(agent.being_looked_after, true)) continue;
    keys.push_back(key);
  }
  return keys;
}

base::Task<> AgentBus::run() {
  boost::asio::steady_timer pause(executor_);
  for (;;) {
    pause.expires_after(limits_.waiting);
    co_await pause.async_wait(boost::asio::use_awaitable);
    for (const Key& key : take_due()) group_.spawn(executor_, look_after_due(key));
  }
}

void AgentBus::stop_turns() {
  const std::scoped_lock lock(mutex_);
  stopped_ = true;
  for (const auto& [key, agent] : agents_) {
    for (const auto& each : agent.members) stop(each);
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
