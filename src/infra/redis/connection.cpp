#include "infra/redis/connection.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace codelab::infra::redis {
namespace asio = boost::asio;

namespace {

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);

}  // namespace

Connection::Connection(std::unique_ptr<Dialer> dialer, base::TaskGroup& group)
    : dialer_(std::move(dialer)),
      group_(group),
      pipeline_(dialer_->options().max_commands, dialer_->options().max_bytes),
      output_(dialer_->executor()),
      ping_(dialer_->executor()) {}

std::shared_ptr<Connection> Connection::start(std::unique_ptr<Dialer> dialer, base::TaskGroup& group) {
  auto connection = std::make_shared<Connection>(std::move(dialer), group);
  group.spawn(connection->dialer_->executor(), run(connection));
  return connection;
}

base::Task<Outcome> Connection::call(std::vector<std::string> words, SteadyTime deadline, bool asking) {
  if (stopped_ || (!link_ && !callers_may_wait_))
    co_return std::unexpected(Failure{Failure::Kind::away, away_because_});
  auto pending = std::make_shared<PendingCall>(dialer_->executor());
  std::string bytes;
  if (asking) {
    const std::string prelude = "ASKING";
    append_command(bytes, {&prelude, 1});
  }
  append_command(bytes, words);
  if (!pipeline_.add(pending, std::move(bytes), asking ? 1 : 0))
    co_return std::unexpected(Failure{Failure::Kind::busy});
  output_.cancel();
  auto outcome = co_await waited(std::move(pending), deadline);
  // Whoever reconnects asks again who the master is.
  if (link_ && is_wrong_server(outcome)) {
    wrong_server_ = outcome.error().detail;
    link_->close();
  }
  // Whether the server is silent altogether shows sooner when it is asked now.
  if (!outcome && outcome.error().kind == Failure::Kind::timed_out) ping_.cancel();
  co_return outcome;
}

base::Task<Outcome> Connection::waited(PendingCallPtr call, SteadyTime deadline) {
  co_await call->wait_until(deadline);
  if (call->finished()) co_return call->take();
  call->abandoned = true;
  co_return std::unexpected(Failure{call->sent ? Failure::Kind::timed_out : Failure::Kind::away, "no answer in time"});
}

bool Connection::is_wrong_server(const Outcome& outcome) {
  if (outcome || outcome.error().kind != Failure::Kind::refused) return false;
  const std::string& detail = outcome.error().detail;
  return detail.starts_with("READONLY") || detail.starts_with("MASTERDOWN") || detail.starts_with("-READONLY");
}

base::Task<bool> Connection::ready(SteadyTime deadline) {
  if (link_ || stopped_) co_return link_ != nullptr;
  auto pending = std::make_shared<PendingCall>(dialer_->executor());
  waiting_for_link_.push_back(pending);
  co_await pending->wait_until(deadline);
  std::erase(waiting_for_link_, pending);
  co_return link_ != nullptr;
}

void Connection::wake_waiting_for_link() {
  for (const PendingCallPtr& each : std::exchange(waiting_for_link_, {})) each->finish(Reply{});
}

void Connection::stop() {
  stopped_ = true;
  if (link_) link_->close();
  dialer_->stop();
  output_.cancel();
  ping_.cancel();
  wake_waiting_for_link();
  pipeline_.fail_waiting("stopped");
}

base::Task<> Connection::run(Self self) {
  while (!self->stopped_) {
    auto link = co_await self->dialer_->dial();
    if (link && !self->stopped_) {
      co_await self->serve(std::move(*link));
      continue;
    }
    self->callers_may_wait_ = false;
    self->away_because_ = link ? "stopped" : link.error().reason;
    self->pipeline_.fail_waiting(self->away_because_);
    if (!self->stopped_) co_await self->dialer_->pause();
  }
}

/// Reads until the connection breaks.
base::Task<> Connection::serve(std::shared_ptr<Link> link) {
  link_ = link;
  wrong_server_.clear();
  callers_may_wait_ = true;
  wake_waiting_for_link();
  group_.spawn(dialer_->executor(), write(shared_from_this(), link));
  group_.spawn(dialer_->executor(), keep_alive(shared_from_this(), link));
  bool answered = false;
  std::string reason;
  for (;;) {
    auto reply = co_await link->read();
    if (!reply) {
      reason = std::move(reply.error());
      break;
    }
    if (!pipeline_.answer(std::move(*reply))) {
      reason = "a reply without a command";
      break;
    }
    answered = true;
    ++answers_;
  }
  link_ = nullptr;
  link->close();
  output_.cancel();
  ping_.cancel();
  if (!wrong_server_.empty()) reason = wrong_server_;
  pipeline_.fail_sent(reason);
  const bool was_of_use = answered && wrong_server_.empty();
  co_await leave_broken(std::move(reason), was_of_use);
}

/// One that was of use is replaced at once. Another may be of no use again: nobody waits for the next one then.
base::Task<> Connection::leave_broken(std::string reason, bool was_of_use) {
  if (stopped_) co_return;
  dialer_->broke(reason);
  if (was_of_use) {
    dialer_->worked();
    co_return;
  }
  callers_may_wait_ = false;
  away_because_ = std::move(reason);
  pipeline_.fail_waiting(away_because_);
  co_await dialer_->pause();
}

base::Task<> Connection::write(Self self, std::shared_ptr<Link> link) {
  while (link->is_open()) {
    if (!self->pipeline_.has_output()) {
      self->output_.expires_at(SteadyTime::max());
      co_await self->output_.async_wait(kAwaitTuple);
      continue;
    }
    std::string output = self->pipeline_.take_output();
    if (output.empty()) continue;
    const bool sent = co_await link->write(std::move(output));
    if (!sent) link->close();
  }
}

base::Task<> Connection::keep_alive(Self self, std::shared_ptr<Link> link) {
  const Options& options = self->dialer_->options();
  while (link->is_open()) {
    self->ping_.expires_after(options.ping_interval);
    co_await self->ping_.async_wait(kAwaitTuple);
    if (!link->is_open()) break;
    const SteadyTime deadline = std::chrono::steady_clock::now() + options.ping_timeout;
    const std::size_t answers = self->answers_;
    const auto pong = co_await self->ping(deadline);
    if (pong || pong.error().kind == Failure::Kind::refused) continue;
    // One that was not even sent waits behind too much, or behind a write that does not end.
    const bool is_working = pong.error().kind == Failure::Kind::away && self->answers_ != answers;
    if (!is_working) link->close();
  }
}

base::Task<Outcome> Connection::ping(SteadyTime deadline) {
  const std::string word = "PING";
  std::string bytes;
  append_command(bytes, {&word, 1});
  auto pending = std::make_shared<PendingCall>(dialer_->executor());
  pipeline_.add_unbounded(pending, std::move(bytes));
  output_.cancel();
  return waited(std::move(pending), deadline);
}

}  // namespace codelab::infra::redis
