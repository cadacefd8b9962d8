#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/task.hpp"
#include "core/models/observer.hpp"
#include "core/models/ports.hpp"
#include "core/models/retry_policy.hpp"
#include "infra/curl/curl_client.hpp"
#include "infra/openai/attempt_failure.hpp"
#include "infra/openai/call_gate.hpp"
#include "infra/openai/model_breakers.hpp"
#include "infra/openai/provider_config.hpp"
#include "infra/openai/provider_error.hpp"

namespace codelab::infra::openai {

/// One request to a provider and what is made of its answer; lives on the coroutine that awaits it.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual std::string_view model() const = 0;
  /// Path below the base URL, beginning with a slash.
  virtual std::string_view path() const = 0;
  /// A fresh attempt begins: forgets what the last one left. Answers the JSON to send.
  virtual std::string begin() = 0;
  virtual std::size_t max_response_bytes() const = 0;
  /// Where the body of a 2xx answer goes; null: it is collected for accept().
  virtual curl::ChunkSink* sink() = 0;
  /// The transfer did not end in good order: true when everything needed came before that.
  virtual bool complete_though_cut() { return false; }
  /// Something of the answer went out already: no second attempt.
  virtual bool committed() const { return false; }
  /// The 2xx answer ended in good order, or the sink stopped it. nullopt: all is well.
  virtual std::optional<AttemptFailure> accept(const curl::HttpOutcome& outcome) = 0;
  /// The provider refused the request's form. true: the next begin() avoids what it named.
  virtual bool adapt(const ProviderError& error) {
    static_cast<void>(error);
    return false;
  }
  virtual core::models::TokenCounts tokens() const = 0;
};

/// The way to one provider: bounds the calls in flight, lets a model that keeps failing rest, tries again where that
/// may help, and turns every failure into a public error. Thread-safe; outlives its calls.
class ProviderLink {
 public:
  ProviderLink(ProviderConfig config, curl::CurlClients& clients, const base::Clock& clock,
               core::models::ModelObserver& observer);

  /// Awaited on a core. nullopt: the exchange succeeded. Exceptions (cancellation, a sink's own) pass through.
  base::Task<std::optional<base::Error>> run(Exchange& exchange);

  const ProviderConfig& config() const { return config_; }
  std::size_t in_flight() const { return gate_.in_flight(); }
  std::size_t waiting() const { return gate_.waiting(); }

 private:
  using Steady = std::chrono::steady_clock;

  base::Task<std::optional<base::Error>> enter_and_try(Exchange& exchange);
  base::Task<std::optional<base::Error>> try_until_done(Exchange& exchange);
  base::Task<std::optional<AttemptFailure>> attempt(Exchange& exchange, Steady::time_point deadline,
                                                    core::models::SharedBreaker::Lease lease);

  curl::HttpRequest make_request(Exchange& exchange, Steady::time_point deadline) const;
  std::optional<AttemptFailure> judge(Exchange& exchange, const curl::HttpOutcome& outcome) const;
  AttemptFailure judge_status(const curl::HttpOutcome& outcome) const;
  /// The pause before another attempt, or nullopt when there is none.
  std::optional<std::chrono::milliseconds> pause_after(const AttemptFailure& failure, const Exchange& exchange,
                                                       int attempts, Steady::duration elapsed) const;
  void report(const Exchange& exchange, core::models::CallOutcome outcome, Steady::time_point started) const;

  ProviderConfig config_;
  curl::CurlClients& clients_;
  const base::Clock& clock_;
  core::models::ModelObserver& observer_;
  core::models::RetryPolicy retry_;
  CallGate gate_;
  ModelBreakers breakers_;
};

}  // namespace codelab::infra::openai
