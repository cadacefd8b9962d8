#include "infra/inprocess/agent_queues.hpp"

#include <algorithm>
#include <iterator>

namespace codelab::infra::inprocess {

using core::bus::Place;
using core::bus::QueueBounds;
using core::bus::Ticket;

namespace {

/// Sessions of one agent. Past it all are forgotten, and each counts as never served.
constexpr std::size_t kRememberedSessions = 1'000;

}  // namespace

bool InProcessAgentQueues::Queue::has(const base::TaskId& task) const {
  return std::ranges::count(running, task) > 0 || std::ranges::count(waiting, task, &Waiting::task) > 0;
}

void InProcessAgentQueues::start(Queue& queue, const base::TaskId& task, const base::SessionId& session) {
  queue.running.push_back(task);
  if (queue.served.size() >= kRememberedSessions) queue.served.clear();
  queue.served[session] = ++queue.given;
}

void InProcessAgentQueues::give_slots(Queue& queue, std::int64_t slots) {
  while (std::ssize(queue.running) < slots && !queue.waiting.empty()) {
    const auto last_served = [&](const Waiting& each) {
      const auto served = queue.served.find(each.session);
      return served == queue.served.end() ? 0 : served->second;
    };
    const auto next = std::ranges::min_element(queue.waiting, {}, last_served);
    start(queue, next->task, next->session);
    queue.waiting.erase(next);
  }
}

base::Task<Place> InProcessAgentQueues::enter(Ticket ticket, QueueBounds bounds) {
  const std::scoped_lock lock(mutex_);
  Queue& queue = queues_[key_of(ticket)];
  if (std::ranges::count(queue.running, ticket.task) > 0) co_return Place::running;
  if (std::ranges::count(queue.waiting, ticket.task, &Waiting::task) > 0) co_return Place::waiting;
  give_slots(queue, bounds.running);
  if (std::ssize(queue.running) < bounds.running) {
    start(queue, ticket.task, ticket.session);
    co_return Place::running;
  }
  if (std::ssize(queue.waiting) >= bounds.waiting) co_return Place::refused;
  queue.waiting.push_back({.task = ticket.task, .session = ticket.session});
  co_return Place::waiting;
}

base::Task<std::vector<base::TaskId>> InProcessAgentQueues::look_after(std::vector<Ticket> running,
                                                                       std::vector<Ticket> waiting,
                                                                       QueueBounds bounds) {
  std::vector<base::TaskId> begun;
  if (running.empty() && waiting.empty()) co_return begun;
  const std::scoped_lock lock(mutex_);
  Queue& queue = queues_[key_of(running.empty() ? waiting.front() : running.front())];
  for (const Ticket& each : running) {
    if (!queue.has(each.task)) start(queue, each.task, each.session);
  }
  for (const Ticket& each : waiting) {
    if (!queue.has(each.task)) queue.waiting.push_back({.task = each.task, .session = each.session});
  }
  give_slots(queue, bounds.running);
  for (const Ticket& each : waiting) {
    if (std::ranges::count(queue.running, each.task) > 0) begun.push_back(each.task);
  }
  co_return begun;
}

base::Task<> InProcessAgentQueues::leave(Ticket ticket, QueueBounds bounds) {
  const std::scoped_lock lock(mutex_);
  const auto found = queues_.find(key_of(ticket));
  if (found == queues_.end()) co_return;
  Queue& queue = found->second;
  std::erase(queue.running, ticket.task);
  std::erase_if(queue.waiting, [&](const Waiting& each) { return each.task == ticket.task; });
  give_slots(queue, bounds.running);
  if (queue.running.empty() && queue.waiting.empty()) queues_.erase(found);
}

}  // namespace codelab::infra::inprocess
