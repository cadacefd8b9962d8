#include "infra/postgres/relay_order.hpp"

#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace codelab::infra::postgres {

namespace asio = boost::asio;

struct RelayOrder::Place::Turn {
  enum class State : std::uint8_t { open, committed, dropped };

  State state = State::open;
  std::vector<core::events::Event> events;
  std::move_only_function<void()> resume;
};

RelayOrder::Place::Place(RelayOrder& order, const core::events::StreamId& stream)
    : order_(&order), stream_(stream), turn_(std::make_shared<Turn>()) {}

RelayOrder::Place& RelayOrder::Place::operator=(Place&& other) noexcept {
  std::swap(order_, other.order_);
  std::swap(stream_, other.stream_);
  std::swap(turn_, other.turn_);
  return *this;
}

RelayOrder::Place::~Place() {
  if (turn_) order_->settle(stream_, turn_, false);
}

RelayOrder::Shard& RelayOrder::shard_of(const core::events::StreamId& stream) {
  return shards_[std::hash<core::events::StreamId>{}(stream) % shards_.size()];
}

RelayOrder::Place RelayOrder::enter(const core::events::StreamId& stream) {
  Place place(*this, stream);
  auto& shard = shard_of(stream);
  const std::lock_guard lock(shard.mutex);
  shard.streams[stream].push_back(place.turn_);
  return place;
}

base::Task<> RelayOrder::relay(Place place, std::vector<core::events::Event> events) {
  if (!place.turn_) co_return;
  auto initiate = [this](auto handler, Place taken, std::vector<core::events::Event> committed) {
    auto guard = asio::make_work_guard(asio::get_associated_executor(handler));
    const auto turn = std::exchange(taken.turn_, nullptr);
    turn->events = std::move(committed);
    turn->resume = [guard = std::move(guard), handler = std::move(handler)]() mutable {
      const auto executor = guard.get_executor();
      asio::post(executor,
                 [guard = std::move(guard), handler = std::move(handler)]() mutable { std::move(handler)(); });
    };
    settle(taken.stream_, turn, true);
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(initiate), asio::use_awaitable,
                                                                       std::move(place), std::move(events));
}

void RelayOrder::settle(const core::events::StreamId& stream, const std::shared_ptr<Place::Turn>& turn,
                        bool committed) {
  using State = Place::Turn::State;
  Turns told;
  {
    auto& shard = shard_of(stream);
    const std::lock_guard lock(shard.mutex);
    turn->state = committed ? State::committed : State::dropped;
    const auto found = shard.streams.find(stream);
    auto& turns = found->second;
    while (!turns.empty() && turns.front()->state != State::open) {
      if (turns.front()->state == State::committed) {
        for (const auto& event : turns.front()->events) relay_.committed(event);
      }
      told.push_back(std::move(turns.front()));
      turns.pop_front();
    }
    if (turns.empty()) shard.streams.erase(found);
  }
  for (const auto& each : told) {
    if (each->resume) each->resume();
  }
}

}  // namespace codelab::infra::postgres
