#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/models/circuit_breaker.hpp"
#include "core/models/retry_policy.hpp"

namespace codelab::infra::openai {

/// Where an OpenAI-compatible server is and how much patience and load it gets.
struct ProviderConfig {
  /// Up to and including the version, as OPENAI_BASE_URL is by convention; a slash at the end does not matter.
  std::string base_url = "https://api.openai.com/v1";
  /// Sent as a bearer token; empty: no Authorization header. Never logged, never in an error.
  std::string api_key = {};
  /// Used when a request names none.
  std::string model = {};

  /// From the moment a call got its place until the answer is whole, retries included.
  std::chrono::milliseconds call_deadline{120'000};
  std::chrono::milliseconds connect_timeout{10'000};
  /// Until the model begins to answer or to reason, for each attempt.
  std::chrono::milliseconds first_token_deadline{60'000};
  /// Without a byte in the middle of an answer.
  std::chrono::milliseconds idle_timeout{60'000};

  /// Calls at the provider at one time, in the whole process; at least 1.
  std::size_t max_in_flight = 64;
  /// Calls that wait for a place; one more is refused at once.
  std::size_t max_waiting = 1024;
  /// The longest wait for a place.
  std::chrono::milliseconds max_wait{30'000};

  /// Of an answer's text.
  std::size_t max_answer_bytes = 1UL << 20;

  core::models::RetryLimits retry = {};
  core::models::BreakerLimits breaker = {};
};

/// How an embeddings endpoint is asked, beyond its ProviderConfig.
struct EmbeddingOptions {
  /// Texts a request; more are sent in several, one after another.
  std::size_t batch_size = 128;
  /// Asked of models that can shorten their vectors; 0: not sent.
  std::int64_t dimensions = 0;
  /// base64 is a quarter of the bytes, but not every server knows it. Answers are read in either form.
  bool base64 = false;
};

/// validation_failed with a `loc` for every setting that cannot work.
base::Result<ProviderConfig> validated(ProviderConfig config);

/// `base_url` + `path`, which begins with a slash.
std::string endpoint(std::string_view base_url, std::string_view path);

}  // namespace codelab::infra::openai
