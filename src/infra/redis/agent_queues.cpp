#include "infra/redis/agent_queues.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include "base/log.hpp"

namespace codelab::infra::redis {

using core::bus::Place;
using core::bus::QueueBounds;
using core::bus::Ticket;

namespace {

/// How long a place is kept that nobody looks after.
constexpr std::chrono::milliseconds kLease{10'000};

/// KEYS: running, waiting, looked_after, sessions, served. ARGV: enter, look or leave; slots, most that may wait, lease
/// in milliseconds; then of each ticket its task, its session, and "runs" or "waits". Returns the place of one that
/// enters; of a look those that waited and run now.
///   running: tasks by the time their places are kept to; waiting: tasks by the order in which they came;
///   looked_after: waiting tasks by the time their places are kept to; sessions: of the waiting tasks;
///   served: when each session got a slot last, counted in slots given; that count as `given`, and that of the tasks
///   that had to wait as `came`. Past 1,000 sessions all are forgotten.
const Script kQueue(R"(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local running, waiting, looked_after, sessions, served = unpack(KEYS)
local what, slots, room, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local function stop_waiting(task)
  redis.call('ZREM', waiting, task)
  redis.call('ZREM', looked_after, task)
  redis.call('HDEL', sessions, task)
end

local function start(task, session, kept_to)
  if redis.call('HLEN', served) > 1000 then
    local counts = redis.call('HMGET', served, 'given', 'came')
    redis.call('DEL', served)
    redis.call('HSET', served, 'given', counts[1] or 0, 'came', counts[2] or 0)
  end
  redis.call('ZADD', running, kept_to, task)
  redis.call('HSET', served, session, redis.call('HINCRBY', served, 'given', 1))
end

local function wait(task, session)
  redis.call('ZADD', waiting, redis.call('HINCRBY', served, 'came', 1), task)
  redis.call('ZADD', looked_after, now + lease, task)
  redis.call('HSET', sessions, task, session)
end

local function give_slots()
  while redis.call('ZCARD', running) < slots do
    local next, longest_ago
    for _, task in ipairs(redis.call('ZRANGE', waiting, 0, -1)) do
      local session = redis.call('HGET', sessions, task)
      local last = tonumber(redis.call('HGET', served, session) or 0)
      if not next or last < longest_ago then next, longest_ago = task, last end
    end
    if not next then return end
    local session = redis.call('HGET', sessions, next)
    -- Not for a whole lease: its process may be gone.
    local kept_to = redis.call('ZSCORE', looked_after, next)
    stop_waiting(next)
    start(next, session, kept_to)
  end
end

local function place_of(task)
  if redis.call('ZSCORE', running, task) then return 'running' end
  return redis.call('ZSCORE', waiting, task) and 'waiting'
end

redis.call('ZREMRANGEBYSCORE', running, '-inf', now)
for _, task in ipairs(redis.call('ZRANGEBYSCORE', looked_after, '-inf', now)) do stop_waiting(task) end

local answer = {}
if what == 'enter' then
  local task, session = ARGV[5], ARGV[6]
  give_slots()
  answer = place_of(task)
  if not answer and redis.call('ZCARD', running) < slots then
    start(task, session, now + lease)
    answer = 'running'
  elseif not answer and redis.call('ZCARD', waiting) < room then
    wait(task, session)
    answer = 'waiting'
  end
  answer = answer or 'refused'
elseif what == 'look' then
  -- What runs runs, also when its place was taken from it.
  for i = 5, #ARGV, 3 do
    local task, runs = ARGV[i], ARGV[i + 2] == 'runs'
    local place = place_of(task)
    if runs or place == 'running' then
      redis.call('ZADD', running, now + lease, task)
    elseif place == 'waiting' then
      redis.call('ZADD', looked_after, now + lease, task)
    else
      wait(task, ARGV[i + 1])
    end
  end
  give_slots()
  for i = 5, #ARGV, 3 do
    local waited = ARGV[i + 2] == 'waits'
    if waited and redis.call('ZSCORE', running, ARGV[i]) then answer[#answer + 1] = ARGV[i] end
  end
else
  redis.call('ZREM', running, ARGV[5])
  stop_waiting(ARGV[5])
  give_slots()
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, 2 * lease) end
return answer
)");

std::vector<std::string> keys_of(const Ticket& ticket) {
  const std::string prefix = fmt::format("codelab:{{{}}}:queue:{}:", ticket.scope.user().str(), ticket.agent.str());
  return {prefix + "running", prefix + "waiting", prefix + "looked_after", prefix + "sessions", prefix + "served"};
}

std::vector<std::string> arguments_of(std::string_view what, const QueueBounds& bounds) {
  return {std::string(what), std::to_string(bounds.running), std::to_string(bounds.waiting),
          std::to_string(kLease.count())};
}

void add(std::vector<std::string>& arguments, const std::vector<Ticket>& tickets, std::string_view how) {
  for (const Ticket& each : tickets) {
    arguments.push_back(each.task.str());
    arguments.push_back(each.session.str());
    arguments.emplace_back(how);
  }
}

bool may_have_run(const Failure& failure) {
  return failure.kind == Failure::Kind::lost || failure.kind == Failure::Kind::timed_out;
}

}  // namespace

base::Task<Outcome> RedisAgentQueues::run(Clients& clients, std::string_view what, QueueBounds bounds, Ticket ticket) {
  auto arguments = arguments_of(what, bounds);
  add(arguments, {ticket}, "");
  co_return co_await clients.eval(kQueue, keys_of(ticket), std::move(arguments));
}

base::Task<> RedisAgentQueues::leave_unheard(Clients& clients, QueueBounds bounds, Ticket ticket) {
  co_await run(clients, "leave", bounds, ticket);
}

void RedisAgentQueues::put(Where& where, Where wanted, std::string_view reason) {
  if (where == wanted) return;
  where = wanted;
  if (wanted == Where::this_process && ++alone_ == 1) {
    base::log::warning("queues_are_per_process", {{"reason", reason}});
  } else if (wanted == Where::redis && --alone_ == 0) {
    base::log::info("queues_are_shared");
  }
}

std::vector<Ticket> RedisAgentQueues::queued_alone(std::vector<Ticket> tickets, std::string_view reason) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(tickets, [this](const Ticket& each) { return !entered_.contains(each.task); });
  for (const Ticket& each : tickets) put(entered_.at(each.task), Where::this_process, reason);
  return tickets;
}

std::vector<Ticket> RedisAgentQueues::queued_together(std::vector<Ticket> tickets) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(tickets, [this](const Ticket& each) {
    const auto found = entered_.find(each.task);
    return found == entered_.end() || found->second == Where::redis;
  });
  for (const Ticket& each : tickets) put(entered_.at(each.task), Where::redis, {});
  return tickets;
}

base::Task<Place> RedisAgentQueues::enter(Ticket ticket, QueueBounds bounds) {
  const auto answer = co_await run(clients_, "enter", bounds, ticket);
  Place place = Place::refused;
  if (!answer) place = co_await per_process_.enter(ticket, bounds);
  if (answer && answer->text == "running") place = Place::running;
  if (answer && answer->text == "waiting") place = Place::waiting;
  if (place == Place::refused) {
    const base::Executor executor = co_await boost::asio::this_coro::executor;
    // On the connection that it entered on, so behind that.
    if (!answer && may_have_run(answer.error())) {
      clients_.group().spawn(executor, leave_unheard(clients_, bounds, ticket));
    }
    co_return place;
  }
  const std::scoped_lock lock(mutex_);
  Where& where = entered_.try_emplace(ticket.task, Where::redis).first->second;
  if (!answer) put(where, Where::this_process, answer.error().detail);
  co_return place;
}

base::Task<Outcome> RedisAgentQueues::look(std::vector<Ticket> running, std::vector<Ticket> waiting,
                                           QueueBounds bounds) {
  auto keys = keys_of(running.empty() ? waiting.front() : running.front());
  auto arguments = arguments_of("look", bounds);
  add(arguments, running, "runs");
  add(arguments, waiting, "waits");
  co_return co_await clients_.eval(kQueue, std::move(keys), std::move(arguments));
}

/// What waits in Redis while that is away would wait as long: it goes on in this process's own queue until Redis
/// answers again.
base::Task<std::vector<base::TaskId>> RedisAgentQueues::look_after(std::vector<Ticket> running,
                                                                   std::vector<Ticket> waiting, QueueBounds bounds) {
  std::vector<base::TaskId> begun;
  if (running.empty() && waiting.empty()) co_return begun;
  const auto answer = co_await look(running, waiting, bounds);
  if (!answer) {
    running = queued_alone(std::move(running), answer.error().detail);
    waiting = queued_alone(std::move(waiting), answer.error().detail);
    co_return co_await per_process_.look_after(std::move(running), std::move(waiting), bounds);
  }
  for (const Reply& each : answer->elements) {
    if (const auto task = base::TaskId::parse(each.text)) begun.push_back(*task);
  }
  std::ranges::move(waiting, std::back_inserter(running));
  for (const Ticket& each : queued_together(std::move(running))) co_await per_process_.leave(each, bounds);
  co_return begun;
}

std::size_t RedisAgentQueues::counted_alone() const {
  const std::scoped_lock lock(mutex_);
  return alone_;
}

base::Task<> RedisAgentQueues::leave(Ticket ticket, QueueBounds bounds) {
  Where where = Where::redis;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = entered_.find(ticket.task);
    if (found != entered_.end()) {
      where = found->second;
      if (where == Where::this_process) --alone_;
      entered_.erase(found);
    }
  }
  if (where == Where::this_process) co_await per_process_.leave(ticket, bounds);
  // From there too: Redis may have heard that it entered, though its answer did not come.
  co_await run(clients_, "leave", bounds, ticket);
}

}  // namespace codelab::infra::redis
