#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace codelab::base {

/// Every way in which a request can fail by the caller's doing or by a known state of the outside.
/// Its stable public spelling is in the list below, its HTTP status in http/problem.cpp.
enum class ErrorCode : std::uint8_t {
  malformed_json,
  malformed_request,
  validation_failed,
  target_required,
  token_missing,
  token_invalid,
  invalid_credentials,
  registration_closed,
  not_found,
  agent_not_found,
  session_not_found,
  plan_not_found,
  approval_not_found,
  approval_expired,
  method_not_allowed,
  email_taken,
  name_taken,
  idempotency_key_reused,
  state_conflict,
  request_timeout,
  body_too_large,
  target_too_long,
  headers_too_large,
  unsupported_media_type,
  rate_limited,
  model_failed,
  model_timeout,
  plan_failed,
  store_unavailable,
  overloaded,
  queue_full,
  draining,
  interrupted,
  cancelled,
  transfer_encoding_unsupported,
  http_version_unsupported,
  internal,
};

/// In the order of ErrorCode.
inline constexpr std::array<std::string_view, 37> kErrorNames{"malformed_json",
                                                              "malformed_request",
                                                              "validation_failed",
                                                              "target_required",
                                                              "token_missing",
                                                              "token_invalid",
                                                              "invalid_credentials",
                                                              "registration_closed",
                                                              "not_found",
                                                              "agent_not_found",
                                                              "session_not_found",
                                                              "plan_not_found",
                                                              "approval_not_found",
                                                              "approval_expired",
                                                              "method_not_allowed",
                                                              "email_taken",
                                                              "name_taken",
                                                              "idempotency_key_reused",
                                                              "state_conflict",
                                                              "request_timeout",
                                                              "body_too_large",
                                                              "target_too_long",
                                                              "headers_too_large",
                                                              "unsupported_media_type",
                                                              "rate_limited",
                                                              "model_failed",
                                                              "model_timeout",
                                                              "plan_failed",
                                                              "store_unavailable",
                                                              "overloaded",
                                                              "queue_full",
                                                              "draining",
                                                              "interrupted",
                                                              "cancelled",
                                                              "transfer_encoding_unsupported",
                                                              "http_version_unsupported",
                                                              "internal"};

constexpr std::string_view name_of(ErrorCode code) { return kErrorNames[static_cast<std::size_t>(code)]; }
/// ErrorCode::internal for a spelling that is not in the list.
constexpr ErrorCode error_code_of(std::string_view name) {
  for (std::size_t i = 0; i < kErrorNames.size(); ++i) {
    if (kErrorNames[i] == name) return static_cast<ErrorCode>(i);
  }
  return ErrorCode::internal;
}

/// One fault in a request, located: `loc` is the path to it, e.g. {"body", "config", "temperature"}.
struct FieldError {
  std::vector<std::string> loc;
  std::string msg;
};

/// An expected failure. `detail` is public text: it reaches the client as it is, so nothing inner belongs in it.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string detail;
  std::vector<FieldError> fields = {};
  std::optional<std::chrono::seconds> retry_after = std::nullopt;
};

inline Error make_error(ErrorCode code, std::string detail) { return Error{.code = code, .detail = std::move(detail)}; }

}  // namespace codelab::base
