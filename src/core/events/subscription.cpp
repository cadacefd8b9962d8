#include "core/events/subscription.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace codelab::core::events {
namespace {

StreamLine encode_line(Position position, StreamId stream, const NewEvent& body, base::Timestamp at) {
  std::string json = to_json(position, stream, body, at);
  const std::size_t payload_offset = json.size() - body.payload.size() - 1;
  return {.position = position,
          .type = body.type,
          .task = body.task,
          .json = std::move(json),
          .payload_offset = payload_offset};
}

}  // namespace

StreamLine make_line(const Event& event) { return encode_line({.seq = event.seq}, event.stream, event.body, event.at); }

StreamLine make_unlogged_line(StreamId stream, Position position, const NewEvent& body, base::Timestamp at) {
  return encode_line(position, stream, body, at);
}

Subscription::Subscription(const base::Executor& reader, Interest interest, Bounds bounds, base::AuthSessionId owner)
    : interest_(interest), bounds_(bounds), owner_(owner), timer_(reader) {}

void Subscription::push(const LinePtr& line) {
  if (interest_.task && line->task != interest_.task) return;
  if (!interest_.deltas && line->type == EventType::message_delta) return;
  std::unique_lock lock(mutex_);
  if (state_ != State::open) return;
  if (lines_.size() >= bounds_.lines || bytes_ + line->json.size() > bounds_.bytes) {
    lines_ = {};
    state_ = State::slow;
  } else {
    lines_.push_back(line);
    bytes_ += line->json.size();
  }
  wake(std::move(lock));
}

void Subscription::close() {
  std::unique_lock lock(mutex_);
  if (state_ != State::open) return;
  state_ = State::closed;
  wake(std::move(lock));
}

void Subscription::miss() {
  std::unique_lock lock(mutex_);
  missed_ = true;
  wake(std::move(lock));
}

void Subscription::change_access() {
  std::unique_lock lock(mutex_);
  access_changed_ = true;
  wake(std::move(lock));
}

/// The reader suspends on the timer; the cancel is posted to its executor, so it cannot come before the wait began.
void Subscription::wake(std::unique_lock<std::mutex> lock) {
  if (!std::exchange(waiting_, false)) return;
  lock.unlock();
  boost::asio::post(timer_.get_executor(), [self = shared_from_this()] { self->timer_.cancel(); });
}

Subscription::Batch Subscription::take() {
  bytes_ = 0;
  waiting_ = false;
  return {.lines = std::exchange(lines_, {}),
          .missed = std::exchange(missed_, false),
          .access_changed = std::exchange(access_changed_, false),
          .state = state_};
}

base::Task<Subscription::Batch> Subscription::next(std::chrono::steady_clock::duration timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    {
      const std::scoped_lock lock(mutex_);
      if (ready() || std::chrono::steady_clock::now() >= deadline) co_return take();
      waiting_ = true;
    }
    timer_.expires_at(deadline);
    co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
}

}  // namespace codelab::core::events
