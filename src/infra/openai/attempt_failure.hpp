#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "infra/curl/http_exchange.hpp"
#include "infra/openai/provider_error.hpp"

namespace codelab::infra::openai {

/// Why an attempt did not bring what was asked for.
struct AttemptFailure {
  base::Error error;
  /// One word for metrics and logs.
  std::string_view reason;
  /// Another attempt may end better.
  bool repeatable = false;
  /// Counts against the provider's health.
  bool provider_ill = false;
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
};

/// The transport did not bring a whole answer.
AttemptFailure failure_of_ending(curl::Ending ending);
/// The provider answered with a status other than 2xx.
AttemptFailure failure_of_status(int status, const ProviderError& provider, std::string_view api_key,
                                 std::optional<std::chrono::milliseconds> retry_after);
/// The provider reported an error inside of an answer.
AttemptFailure failure_in_answer(const ProviderError& provider, std::string_view api_key);
/// The answer is not what was agreed on. `detail` is public.
AttemptFailure failure_of_form(std::string_view detail);

}  // namespace codelab::infra::openai
