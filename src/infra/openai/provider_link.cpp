#include "infra/openai/provider_link.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"

namespace codelab::infra::openai {
namespace asio = boost::asio;
using core::models::CallOutcome;
using core::models::SharedBreaker;
using std::chrono::milliseconds;

namespace {

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);

double random_fraction() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

core::models::RetryLimits within(core::models::RetryLimits limits, milliseconds deadline) {
  limits.total_budget = std::min(limits.total_budget, deadline);
  return limits;
}

base::Task<> sleep_for(milliseconds pause) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor);
  timer.expires_after(pause);
  co_await timer.async_wait(kAwaitTuple);
}

CallOutcome outcome_of(const std::optional<base::Error>& error) {
  if (!error) return CallOutcome::ok;
  if (error->code == base::ErrorCode::model_timeout) return CallOutcome::timeout;
  if (error->code == base::ErrorCode::overloaded) return CallOutcome::overloaded;
  return CallOutcome::failed;
}

/// The breaker refuses: what this call has met before, if it has, is the error.
base::Error resting(const SharedBreaker& breaker, std::optional<base::Error> met) {
  base::Error error = std::move(met).value_or(base::make_error(
      base::ErrorCode::overloaded, "the model keeps failing at its provider and is given a rest; try again later"));
  const auto rest = std::max(std::chrono::ceil<std::chrono::seconds>(breaker.retry_in()), std::chrono::seconds(1));
  error.retry_after = std::max(error.retry_after.value_or(rest), rest);
  return error;
}

bool is_success(int status) { return status >= 200 && status < 300; }

}  // namespace

ProviderLink::ProviderLink(ProviderConfig config, curl::CurlClients& clients, const base::Clock& clock,
                           core::models::ModelObserver& observer)
    : config_(std::move(config)),
      clients_(clients),
      clock_(clock),
      observer_(observer),
      retry_(within(config_.retry, config_.call_deadline)),
      gate_({config_.max_in_flight, config_.max_waiting, config_.max_wait}),
      breakers_(config_.breaker) {}

base::Task<std::optional<base::Error>> ProviderLink::run(Exchange& exchange) {
  const auto started = Steady::now();
  observer_.call_started(exchange.model());
  std::optional<base::Error> error;
  try {
    error = co_await enter_and_try(exchange);
  } catch (const boost::system::system_error& failure) {
    const bool cancelled = failure.code() == asio::error::operation_aborted;
    report(exchange, cancelled ? CallOutcome::cancelled : CallOutcome::failed, started);
    throw;
  } catch (...) {
    report(exchange, CallOutcome::failed, started);
    throw;
  }
  report(exchange, outcome_of(error), started);
  co_return error;
}

base::Task<std::optional<base::Error>> ProviderLink::enter_and_try(Exchange& exchange) {
  const auto permit = co_await gate_.enter();
  if (!permit) co_return permit.error();
  auto error = co_await try_until_done(exchange);
  co_return error;
}

base::Task<std::optional<base::Error>> ProviderLink::try_until_done(Exchange& exchange) {
  const auto started = Steady::now();
  const auto deadline = started + config_.call_deadline;
  SharedBreaker breaker = breakers_.of(exchange.model());
  std::optional<base::Error> last;
  for (int attempts = 1;; ++attempts) {
    auto lease = breaker.admit();
    if (!lease) co_return resting(breaker, std::move(last));
    if (breaker.state() == core::models::BreakerState::half_open) {
      observer_.breaker_state(exchange.model(), core::models::BreakerState::half_open);
    }
    auto failure = co_await attempt(exchange, deadline, std::move(*lease));
    if (!failure) co_return std::nullopt;
    const auto pause = pause_after(*failure, exchange, attempts, Steady::now() - started);
    if (!pause) co_return std::move(failure->error);
    observer_.retry(exchange.model(), failure->reason);
    last = std::move(failure->error);
    co_await sleep_for(*pause);
  }
}

base::Task<std::optional<AttemptFailure>> ProviderLink::attempt(Exchange& exchange, Steady::time_point deadline,
                                                                SharedBreaker::Lease lease) {
  for (;;) {
    auto request = make_request(exchange, deadline);
    curl::ChunkSink* sink = exchange.sink();
    const auto outcome = co_await clients_.local().perform(std::move(request), sink);
    auto failure = judge(exchange, outcome);
    if (failure && outcome.status / 100 == 4 && exchange.adapt(read_provider_error(outcome.body))) {
      observer_.retry(exchange.model(), "parameter_refused");
      continue;
    }
    const auto changed = lease.report(!failure || !failure->provider_ill);
    if (changed) observer_.breaker_state(exchange.model(), *changed);
    if (failure) {
      base::log::warning("model_attempt_failed", {{"model", exchange.model()},
                                                  {"reason", failure->reason},
                                                  {"ending", curl::to_string(outcome.ending)},
                                                  {"status", outcome.status},
                                                  {"transport", outcome.detail}});
    }
    co_return failure;
  }
}

curl::HttpRequest ProviderLink::make_request(Exchange& exchange, Steady::time_point deadline) const {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - Steady::now());
  curl::HttpRequest request;
  request.method = "POST";
  request.url = endpoint(config_.base_url, exchange.path());
  request.headers.push_back({"Content-Type", "application/json"});
  if (!config_.api_key.empty()) request.headers.push_back({"Authorization", "Bearer " + config_.api_key});
  if (exchange.sink() != nullptr) request.headers.push_back({"Accept", "text/event-stream, application/json"});
  request.body = exchange.begin();
  request.total_timeout = std::max(left, milliseconds(1));
  request.connect_timeout = config_.connect_timeout;
  request.first_byte_timeout = config_.first_token_deadline;
  request.idle_timeout = config_.idle_timeout;
  request.max_response_bytes = exchange.max_response_bytes();
  return request;
}

std::optional<AttemptFailure> ProviderLink::judge(Exchange& exchange, const curl::HttpOutcome& outcome) const {
  if (outcome.status >= 300) return judge_status(outcome);
  const bool ended = outcome.ending == curl::Ending::complete || outcome.ending == curl::Ending::stopped;
  if (ended && is_success(outcome.status)) return exchange.accept(outcome);
  if (exchange.complete_though_cut()) return std::nullopt;
  return failure_of_ending(outcome.ending);
}

AttemptFailure ProviderLink::judge_status(const curl::HttpOutcome& outcome) const {
  std::optional<milliseconds> retry_after;
  if (const auto header = outcome.header("retry-after")) {
    retry_after = core::models::parse_retry_after(*header, clock_.now());
  }
  return failure_of_status(outcome.status, read_provider_error(outcome.body), config_.api_key, retry_after);
}

std::optional<milliseconds> ProviderLink::pause_after(const AttemptFailure& failure, const Exchange& exchange,
                                                      int attempts, Steady::duration elapsed) const {
  if (!failure.repeatable || exchange.committed()) return std::nullopt;
  return retry_.pause_after({.attempts = attempts,
                             .elapsed = std::chrono::duration_cast<milliseconds>(elapsed),
                             .retry_after = failure.retry_after},
                            random_fraction());
}

void ProviderLink::report(const Exchange& exchange, CallOutcome outcome, Steady::time_point started) const {
  observer_.call_finished({.model = exchange.model(),
                           .outcome = outcome,
                           .duration = Steady::now() - started,
                           .tokens = exchange.tokens()});
}

}  // namespace codelab::infra::openai
