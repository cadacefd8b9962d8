#include "app/store_looks.hpp"

#include <exception>
#include <string_view>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/elsewhere.hpp"
#include "base/log.hpp"
#include "base/outcome_of.hpp"

namespace codelab::app {
namespace asio = boost::asio;
using Steady = std::chrono::steady_clock;

namespace {

void report(std::string_view store, const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& reason) {
    base::log::warning("store_not_ready", {{"store", store}, {"reason", reason.what()}});
  }
}

}  // namespace

struct StoreLooks::Look {
  explicit Look(const base::Executor& executor) : over(executor, Steady::time_point::max()) {}

  /// Cancelled when the look is over.
  asio::steady_timer over;
  bool is_over = false;
  bool is_well = false;
};

StoreLooks::StoreLooks(std::vector<Store> stores, base::Executor executor, base::TaskGroup& work)
    : executor_(std::move(executor)), work_(work) {
  for (Store& store : stores) watched_.push_back({.store = std::move(store), .look = nullptr});
}

StoreLooks::~StoreLooks() = default;

base::Task<std::vector<StoreLooks::State>> StoreLooks::now() { return base::elsewhere(executor_, now_here()); }

base::Task<std::vector<StoreLooks::State>> StoreLooks::now_here() {
  const auto begun = Steady::now();
  std::vector<std::shared_ptr<Look>> looks;
  looks.reserve(watched_.size());
  for (Watched& each : watched_) looks.push_back(look_under_way(each));
  std::vector<State> states;
  for (std::size_t i = 0; i < looks.size(); ++i) {
    const Store& store = watched_[i].store;
    const std::shared_ptr<Look>& look = looks[i];
    const auto deadline = begun + store.patience;
    co_await wait_for(look, deadline);
    if (!look->is_over) {
      base::log::warning("store_not_ready", {{"store", store.name}, {"reason", "it does not answer in time"}});
    }
    states.push_back({.name = store.name, .is_well = look->is_well});
  }
  co_return states;
}

std::shared_ptr<StoreLooks::Look> StoreLooks::look_under_way(Watched& watched) {
  if (watched.look && !watched.look->is_over) return watched.look;
  watched.look = std::make_shared<Look>(executor_);
  const bool begun = work_.spawn(executor_, run(watched.store.name, watched.store.look(), watched.look));
  // Refused while everything ends: then nothing is well.
  if (!begun) watched.look->is_over = true;
  return watched.look;
}

base::Task<> StoreLooks::run(std::string name, base::Task<> looking, std::shared_ptr<Look> look) {
  const auto failure = co_await base::outcome_of(std::move(looking));
  if (failure) report(name, failure);
  look->is_over = true;
  look->is_well = !failure;
  look->over.cancel();
}

base::Task<> StoreLooks::wait_for(std::shared_ptr<Look> look, Steady::time_point deadline) {
  using asio::experimental::awaitable_operators::operator||;
  if (look->is_over) co_return;
  asio::steady_timer late(co_await asio::this_coro::executor, deadline);
  constexpr auto kQuietly = asio::as_tuple(asio::use_awaitable);
  co_await (look->over.async_wait(kQuietly) || late.async_wait(kQuietly));
}

}  // namespace codelab::app
