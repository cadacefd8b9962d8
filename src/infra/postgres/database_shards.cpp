#include <algorithm>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "infra/postgres/database_state.hpp"
#include "infra/postgres/directory.hpp"

/// The part of Database that finds the server where a user lives. With one server nothing is looked for and nothing is
/// sent more than the caller's own.
namespace codelab::infra::postgres {
namespace {

constexpr std::chrono::milliseconds kLookAgainAfter{100};

/// False, and undone, when the user is not on the transaction's server.
base::Task<bool> entered(Transaction& transaction, base::UserId user) {
  std::exception_ptr failure;
  bool not_here = false;
  transaction.add(directory::enter(user));
  try {
    co_await transaction.run();
    co_return true;
  } catch (const base::StoreError& refused) {
    not_here = directory::is_not_here(refused);
    failure = std::current_exception();
  }
  co_await transaction.rollback();
  if (!not_here) std::rethrow_exception(failure);
  co_return false;
}

}  // namespace

base::Task<Transaction> Database::begin(State& state, Entrance entrance) {
  if (state.sharded() && !entrance.shard) co_return co_await begin_at_home(state, entrance);
  auto lease = co_await state.lane_of(entrance.shard.value_or(0), entrance.lane).transactions->acquire();
  co_return Transaction(std::move(lease), entrance.visibility, state.clock, state.order);
}

base::Task<Transaction> Database::begin_at_home(State& state, Entrance entrance) {
  const base::UserId user = entrance.visibility.scope->user();
  const auto deadline = std::chrono::steady_clock::now() + state.max_wait;
  for (;;) {
    const std::size_t shard = co_await home_of(state, entrance.lane, user);
    {
      auto lease = co_await state.lane_of(shard, entrance.lane).transactions->acquire();
      Transaction transaction(std::move(lease), entrance.visibility, state.clock, state.order);
      const bool here = co_await entered(transaction, user);
      if (here) co_return transaction;
    }
    co_await follow(state, entrance.lane, user, shard, deadline);
  }
}

base::Task<Answer> Database::read_at_home(StatePointer state, std::size_t lane, std::string_view operation,
                                          Visibility visibility, Batch batch) {
  const base::UserId user = visibility.scope->user();
  const std::size_t wanted = batch.statements().size();
  Batch sent = entering(visibility, true);
  if (state->sharded()) sent.append(directory::enter(user));
  sent.append(std::move(batch));
  if (!state->sharded()) {
    auto pool = state->lane_of(0, lane).reads;
    co_return co_await run_batch(*state, std::move(pool), operation, std::move(sent), wanted);
  }

  const auto deadline = std::chrono::steady_clock::now() + state->max_wait;
  for (;;) {
    const std::size_t shard = co_await home_of(*state, lane, user);
    auto pool = state->lane_of(shard, lane).reads;
    try {
      // A copy: it may have to be sent again.
      co_return co_await run_batch(*state, std::move(pool), operation, sent, wanted);
    } catch (const base::StoreError& failure) {
      if (!directory::is_not_here(failure)) throw;
    }
    co_await follow(*state, lane, user, shard, deadline);
  }
}

base::Task<std::size_t> Database::home_of(State& state, std::size_t lane, base::UserId user) {
  const auto known = state.places.known(user);
  if (known) co_return *known;
  Batch question = entering(state.visibility(std::nullopt, state.timeouts.statement), true);
  question.append(directory::ask_place(user));
  auto pool = state.lane_of(0, lane).reads;
  auto answer = co_await run_batch(state, std::move(pool), "user.place", std::move(question), 1);
  const auto place = directory::read_place(std::move(answer));
  const std::size_t shard = place ? state.places.number_of(place->shard) : 0;
  state.places.keep(user, shard);
  co_return shard;
}

/// Who is still on the way is looked for where they come from.
base::Task<> Database::follow(State& state, std::size_t lane, base::UserId user, std::size_t tried,
                              std::chrono::steady_clock::time_point deadline) {
  state.places.forget(user);
  const std::size_t shard = co_await home_of(state, lane, user);
  if (shard != tried) co_return;
  if (std::chrono::steady_clock::now() >= deadline) {
    throw base::StoreError(fmt::format("postgres: the user {} is being moved to another shard", user.str()));
  }
  boost::asio::steady_timer pause(state.lane_of(tried, lane).executor, kLookAgainAfter);
  co_await pause.async_wait(boost::asio::use_awaitable);
}

}  // namespace codelab::infra::postgres
