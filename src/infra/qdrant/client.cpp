#include "infra/qdrant/client.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "base/describe/parse_json.hpp"
#include "base/elsewhere.hpp"
#include "base/log.hpp"

namespace codelab::infra::qdrant {
namespace asio = boost::asio;
namespace json = boost::json;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kMaxReasonBytes = 400;

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
  co_await timer.async_wait(asio::use_awaitable);
}

bool runs_on(base::Cores& cores) {
  for (std::size_t core = 0; core < cores.size(); ++core) {
    if (cores.context(core).get_executor().running_in_this_thread()) return true;
  }
  return false;
}

/// `{"status":{"error":"..."}}`; empty when it is something else.
std::string error_in(const json::value& body) {
  const auto* object = body.if_object();
  const auto* status = object != nullptr ? object->if_contains("status") : nullptr;
  const auto* detail = status != nullptr && status->is_object() ? status->get_object().if_contains("error") : nullptr;
  if (detail == nullptr || !detail->is_string()) return {};
  return std::string(std::string_view(detail->get_string()).substr(0, kMaxReasonBytes));
}

bool may_pass(curl::Ending ending) {
  return ending == curl::Ending::connect_failed || ending == curl::Ending::connect_timeout ||
         ending == curl::Ending::cut;
}

bool is_late(curl::Ending ending) {
  return ending == curl::Ending::connect_timeout || ending == curl::Ending::total_timeout;
}

}  // namespace

const json::value& Answer::result() const {
  static const json::value kNothing;
  const auto* object = body.if_object();
  const auto* result = object != nullptr ? object->if_contains("result") : nullptr;
  return result != nullptr ? *result : kNothing;
}

Client::Client(Options options, base::Cores& cores)
    : options_(std::move(options)),
      cores_(cores),
      clients_(cores, {.ca_file = options_.ca_file}),
      retry_(within(options_.retry, options_.call_timeout)) {}

base::Task<Answer> Client::call(Call call) {
  if (runs_on(cores_)) return call_here(std::move(call));
  return base::elsewhere(cores_.executor(0), call_here(std::move(call)));
}

base::Task<Answer> Client::call_here(Call call) {
  const auto started = Steady::now();
  const Deadline deadline = std::min(call.deadline, started + options_.call_timeout);
  for (int attempts = 1;; ++attempts) {
    auto request = request_for(call, deadline);
    const auto outcome = co_await clients_.local().perform(std::move(request), nullptr);
    Answer answer;
    const auto failure = judge(outcome, answer);
    if (!failure) co_return answer;
    base::log::warning("qdrant_call_failed", {{"operation", call.operation},
                                              {"attempt", attempts},
                                              {"ending", curl::to_string(outcome.ending)},
                                              {"status", outcome.status},
                                              {"reason", failure->reason}});
    const auto pause = pause_after(*failure, call, attempts, started, deadline);
    if (!pause) give_up(call, *failure);
    co_await sleep_for(*pause);
  }
}

void Client::give_up(const Call& call, const Failure& failure) {
  const auto reason = fmt::format("qdrant: {}: {}", call.operation, failure.reason);
  if (failure.timed_out) throw TimedOut(reason);
  throw base::StoreError(reason);
}

std::optional<milliseconds> Client::pause_after(const Failure& failure, const Call& call, int attempts,
                                                Steady::time_point started, Deadline deadline) const {
  if (!failure.repeatable || call.repeat == Repeat::no) return std::nullopt;
  const auto now = Steady::now();
  const auto pause = retry_.pause_after({.attempts = attempts,
                                         .elapsed = std::chrono::duration_cast<milliseconds>(now - started),
                                         .retry_after = failure.retry_after},
                                        random_fraction());
  if (!pause || now + *pause >= deadline) return std::nullopt;
  return pause;
}

curl::HttpRequest Client::request_for(const Call& call, Deadline deadline) const {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - Steady::now());
  curl::HttpRequest request;
  request.method = call.method;
  request.url = options_.url + call.path;
  if (!options_.api_key.empty()) request.headers.push_back({"api-key", options_.api_key});
  if (!call.body.empty()) request.headers.push_back({"Content-Type", "application/json"});
  request.body = call.body;
  request.total_timeout = std::max(left, milliseconds(1));
  request.connect_timeout = options_.connect_timeout;
  request.first_byte_timeout = milliseconds(0);
  request.idle_timeout = milliseconds(0);
  request.max_response_bytes = options_.max_answer_bytes;
  return request;
}

std::optional<Client::Failure> Client::judge(const curl::HttpOutcome& outcome, Answer& answer) const {
  if (outcome.ending != curl::Ending::complete) {
    return Failure{.reason = fmt::format("{} ({})", curl::to_string(outcome.ending), outcome.detail),
                   .repeatable = may_pass(outcome.ending),
                   .timed_out = is_late(outcome.ending)};
  }
  const bool done = outcome.status >= 200 && outcome.status < 300;
  if (!done && outcome.status != 404 && outcome.status != 409) return refusal(outcome);
  auto body = base::parse_json(outcome.body);
  // A proxy's 404 is not Qdrant's word that there is nothing.
  if (!body || (!done && error_in(*body).empty())) {
    return Failure{.reason = fmt::format("answered {} with what is not Qdrant's JSON", outcome.status)};
  }
  if (!done) answer.kind = outcome.status == 404 ? Answer::Kind::missing : Answer::Kind::exists;
  answer.body = std::move(*body);
  return std::nullopt;
}

Client::Failure Client::refusal(const curl::HttpOutcome& outcome) const {
  if (outcome.status == 401 || outcome.status == 403) {
    return {.reason = fmt::format("answered {}: the API key is missing, wrong, or may not do this", outcome.status)};
  }
  const auto body = base::parse_json(outcome.body);
  Failure failure{.reason = fmt::format("answered {}: {}", outcome.status, body ? error_in(*body) : std::string()),
                  .repeatable = outcome.status == 429 || outcome.status >= 500};
  if (const auto header = outcome.header("retry-after")) {
    failure.retry_after = core::models::parse_retry_after(*header, clock_.now());
  }
  return failure;
}

}  // namespace codelab::infra::qdrant
