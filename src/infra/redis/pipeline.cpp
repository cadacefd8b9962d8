#include "infra/redis/pipeline.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace codelab::infra::redis {
namespace {

/// Of one write.
constexpr std::size_t kOutputBytes = 256UL << 10;

}  // namespace

void PendingCall::finish(Outcome outcome) {
  outcome_ = std::move(outcome);
  finished_ = true;
  wake_.cancel();
}

/// finish() comes from another turn of the same loop, so it cannot slip in between the look and the wait.
base::Task<> PendingCall::wait_until(SteadyTime deadline) {
  if (finished_) co_return;
  wake_.expires_at(deadline);
  co_await wake_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

bool Pipeline::add(PendingCallPtr call, std::string bytes, int preludes) {
  if (size() >= max_commands_ || waiting_bytes_ + bytes.size() > max_bytes_) return false;
  add_unbounded(std::move(call), std::move(bytes), preludes);
  return true;
}

void Pipeline::add_unbounded(PendingCallPtr call, std::string bytes, int preludes) {
  waiting_bytes_ += bytes.size();
  waiting_.push_back({std::move(call), std::move(bytes), preludes});
}

std::string Pipeline::take_output() {
  std::string out;
  while (!waiting_.empty() && out.size() < kOutputBytes) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= next.bytes.size();
    if (next.call->abandoned) continue;
    out += next.bytes;
    next.call->sent = true;
    sent_.push_back({std::move(next.call), next.preludes});
  }
  return out;
}

bool Pipeline::answer(Reply reply) {
  if (sent_.empty()) return false;
  if (sent_.front().preludes > 0) {
    --sent_.front().preludes;
    return true;
  }
  const PendingCallPtr call = std::move(sent_.front().call);
  sent_.pop_front();
  if (reply.type == Reply::Type::error) {
    call->finish(std::unexpected(Failure{Failure::Kind::refused, std::move(reply.text)}));
  } else {
    call->finish(std::move(reply));
  }
  return true;
}

void Pipeline::fail_sent(const std::string& reason) {
  for (const Sent& each : std::exchange(sent_, {})) {
    each.call->finish(std::unexpected(Failure{Failure::Kind::lost, reason}));
  }
}

void Pipeline::fail_waiting(const std::string& reason) {
  waiting_bytes_ = 0;
  for (const Waiting& each : std::exchange(waiting_, {})) {
    each.call->finish(std::unexpected(Failure{Failure::Kind::away, reason}));
  }
}

}  // namespace codelab::infra::redis
