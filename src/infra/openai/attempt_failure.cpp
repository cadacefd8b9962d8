#include "infra/openai/attempt_failure.hpp"

#include <string>

#include <fmt/format.h>

namespace codelab::infra::openai {
namespace {

using base::ErrorCode;
using base::make_error;
using curl::Ending;

AttemptFailure timed_out(std::string_view what) {
  return {.error = make_error(ErrorCode::model_timeout, fmt::format("the model's provider {} in time", what)),
          .reason = "timeout",
          .provider_ill = true};
}

AttemptFailure connection_lost(std::string detail) {
  return {.error = make_error(ErrorCode::model_failed, std::move(detail)),
          .reason = "connection_lost",
          .repeatable = true,
          .provider_ill = true};
}

std::string with_message(std::string sentence, const ProviderError& provider, std::string_view api_key) {
  const std::string message = public_text(provider.message, api_key);
  if (!message.empty()) sentence.append(": ").append(message);
  return sentence;
}

}  // namespace

AttemptFailure failure_of_ending(curl::Ending ending) {
  switch (ending) {
    case Ending::connect_timeout: {
      AttemptFailure failure = timed_out("could not be connected to");
      failure.reason = "connection_lost";
      failure.repeatable = true;
      return failure;
    }
    case Ending::first_byte_timeout:
      return timed_out("did not begin to answer");
    case Ending::idle_timeout:
      return timed_out("stopped in the middle of its answer and did not go on");
    case Ending::total_timeout:
      return timed_out("did not finish its answer");
    case Ending::too_large:
      return failure_of_form("the provider's answer is too long");
    case Ending::cut:
      return connection_lost("the connection to the model's provider was lost in the middle of the answer");
    case Ending::rejected:
      return {.error = make_error(ErrorCode::model_failed, "no trusted connection to the model's provider is possible"),
              .reason = "connection_refused",
              .provider_ill = true};
    default:
      return connection_lost("the model's provider cannot be reached");
  }
}

AttemptFailure failure_of_status(int status, const ProviderError& provider, std::string_view api_key,
                                 std::optional<std::chrono::milliseconds> retry_after) {
  std::string sentence = fmt::format("the model's provider answered {}", status);
  AttemptFailure failure{.error = make_error(ErrorCode::model_failed, with_message(sentence, provider, api_key)),
                         .reason = "refused",
                         .retry_after = retry_after};
  if (retry_after) failure.error.retry_after = std::chrono::ceil<std::chrono::seconds>(*retry_after);
  const bool rate_limited = status == 429;
  // An empty account answers 429 as well, and no waiting helps.
  const bool out_of_funds = provider.code == "insufficient_quota" || provider.type == "insufficient_quota";
  if (rate_limited && !out_of_funds) {
    failure.reason = "rate_limited";
    failure.repeatable = true;
  } else if (status >= 500) {
    failure.reason = "server_error";
    failure.repeatable = true;
    failure.provider_ill = true;
  }
  return failure;
}

AttemptFailure failure_in_answer(const ProviderError& provider, std::string_view api_key) {
  const std::string sentence = "the model's provider reported an error in place of the answer";
  return {.error = make_error(ErrorCode::model_failed, with_message(sentence, provider, api_key)),
          .reason = "provider_error",
          .repeatable = provider.transient(),
          .provider_ill = provider.transient()};
}

AttemptFailure failure_of_form(std::string_view detail) {
  return {.error = make_error(ErrorCode::model_failed, std::string(detail)), .reason = "bad_answer"};
}

}  // namespace codelab::infra::openai
