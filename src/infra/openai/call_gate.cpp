#include "infra/openai/call_gate.hpp"

#include <list>
#include <mutex>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace codelab::infra::openai {
namespace asio = boost::asio;

namespace {

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);

base::Error overloaded(std::string detail) {
  base::Error error = base::make_error(base::ErrorCode::overloaded, std::move(detail));
  error.retry_after = std::chrono::seconds(1);
  return error;
}

}  // namespace

/// The timer belongs to the waiting call's executor; the flag is guarded by the gate's mutex.
struct CallGate::Waiter {
  explicit Waiter(const base::Executor& executor) : timer(executor) {}

  asio::steady_timer timer;
  bool admitted = false;
};

struct CallGate::State {
  explicit State(Limits l) : limits(l) {}

  /// Passes the place on to the first in line, or frees it.
  void leave() {
    const std::scoped_lock lock(mutex);
    if (line.empty()) {
      --in_flight;
      return;
    }
    const std::shared_ptr<Waiter> next = std::move(line.front());
    line.pop_front();
    next->admitted = true;
    // On the waiter's own thread; in the past, so that a wait which begins only then ends as well.
    asio::post(next->timer.get_executor(), [next] { next->timer.expires_at({}); });
  }

  const Limits limits;
  mutable std::mutex mutex;
  std::size_t in_flight = 0;
  std::list<std::shared_ptr<Waiter>> line;
};

/// A place in the line or, once admitted and not yet claimed, in flight: given up with the waiting coroutine.
struct CallGate::Ticket {
  std::shared_ptr<State> state;
  std::shared_ptr<Waiter> waiter;

  ~Ticket() {
    if (waiter && !give_up()) state->leave();
  }

  /// Leaves the line; false when the place is ours already.
  bool give_up() {
    const std::scoped_lock lock(state->mutex);
    if (!waiter->admitted) state->line.remove(waiter);
    return !std::exchange(waiter, nullptr)->admitted;
  }
};

CallGate::Permit::~Permit() {
  if (state_) state_->leave();
}

CallGate::Permit& CallGate::Permit::operator=(Permit&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

CallGate::CallGate(Limits limits) : state_(std::make_shared<State>(limits)) {}

base::Task<base::Result<CallGate::Permit>> CallGate::enter() {
  const auto executor = co_await asio::this_coro::executor;
  const auto state = state_;
  Ticket ticket{state, nullptr};
  {
    const std::scoped_lock lock(state->mutex);
    if (state->in_flight < state->limits.max_in_flight) {
      ++state->in_flight;
      co_return Permit(state);
    }
    if (state->line.size() >= state->limits.max_waiting) {
      co_return overloaded("too many calls wait for the model");
    }
    ticket.waiter = std::make_shared<Waiter>(executor);
    state->line.push_back(ticket.waiter);
  }
  const auto waiter = ticket.waiter;
  waiter->timer.expires_after(state->limits.max_wait);
  co_await waiter->timer.async_wait(kAwaitTuple);
  if (!ticket.give_up()) co_return Permit(state);
  const auto cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none) {
    throw boost::system::system_error(asio::error::operation_aborted);
  }
  co_return overloaded("the model is busy: the wait for it took too long");
}

std::size_t CallGate::in_flight() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->in_flight;
}

std::size_t CallGate::waiting() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->line.size();
}

}  // namespace codelab::infra::openai
