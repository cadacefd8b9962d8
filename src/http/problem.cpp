#include "http/problem.hpp"

#include <optional>
#include <string>
#include <vector>

#include "base/describe/encode.hpp"

namespace codelab::http {
namespace {

using base::ErrorCode;

struct Kind {
  ErrorCode code;
  unsigned status;
  std::string_view title;
};

constexpr Kind kKinds[] = {
    {ErrorCode::malformed_json, 400, "Malformed JSON"},
    {ErrorCode::malformed_request, 400, "Malformed request"},
    {ErrorCode::validation_failed, 422, "Validation failed"},
    {ErrorCode::target_required, 422, "Target required"},
    {ErrorCode::token_missing, 401, "Not authenticated"},
    {ErrorCode::token_invalid, 401, "Not authenticated"},
    {ErrorCode::invalid_credentials, 401, "Wrong e-mail or password"},
    {ErrorCode::registration_closed, 403, "Registration is closed"},
    {ErrorCode::not_found, 404, "Not found"},
    {ErrorCode::agent_not_found, 404, "Agent not found"},
    {ErrorCode::session_not_found, 404, "Session not found"},
    {ErrorCode::plan_not_found, 404, "Plan not found"},
    {ErrorCode::approval_not_found, 404, "Approval not found"},
    {ErrorCode::approval_expired, 410, "Approval expired"},
    {ErrorCode::method_not_allowed, 405, "Method not allowed"},
    {ErrorCode::email_taken, 409, "E-mail taken"},
    {ErrorCode::name_taken, 409, "Name taken"},
    {ErrorCode::idempotency_key_reused, 409, "Idempotency key reused"},
    {ErrorCode::state_conflict, 409, "Conflict"},
    {ErrorCode::request_timeout, 408, "Request timeout"},
    {ErrorCode::body_too_large, 413, "Body too large"},
    {ErrorCode::target_too_long, 414, "Target too long"},
    {ErrorCode::headers_too_large, 431, "Headers too large"},
    {ErrorCode::unsupported_media_type, 415, "Unsupported media type"},
    {ErrorCode::rate_limited, 429, "Too many requests"},
    {ErrorCode::model_failed, 502, "The model's provider failed"},
    {ErrorCode::model_timeout, 504, "The model's provider timed out"},
    {ErrorCode::plan_failed, 502, "The plan failed"},
    {ErrorCode::store_unavailable, 503, "A store is not available"},
    {ErrorCode::overloaded, 503, "Overloaded"},
    {ErrorCode::queue_full, 429, "The agent's queue is full"},
    {ErrorCode::draining, 503, "Shutting down"},
    {ErrorCode::interrupted, 503, "Interrupted"},
    {ErrorCode::cancelled, 409, "Cancelled"},
    {ErrorCode::transfer_encoding_unsupported, 501, "Transfer coding not supported"},
    {ErrorCode::http_version_unsupported, 505, "HTTP version not supported"},
    {ErrorCode::internal, 500, "Internal error"},
};
static_assert(std::size(kKinds) == base::kErrorNames.size());

const Kind& kind_of(ErrorCode code) {
  for (const Kind& kind : kKinds) {
    if (kind.code == code) return kind;
  }
  return kKinds[std::size(kKinds) - 1];
}

struct LocatedFault {
  std::vector<std::string> loc;
  std::string msg;

  static constexpr std::string_view kName = "FieldError";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("loc", &LocatedFault::loc), field("msg", &LocatedFault::msg));
  }
};

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += out.empty() ? "{\"" : ",\"";
  out += name;
  out += "\":";
  base::append_json_string(out, text);
}

std::vector<LocatedFault> located(const base::Error& error) {
  std::vector<LocatedFault> faults;
  faults.reserve(error.fields.size());
  for (const base::FieldError& fault : error.fields) faults.push_back({fault.loc, fault.msg});
  return faults;
}

/// A store that is away and a server that drains are worth another try soon.
std::optional<std::chrono::seconds> retry_after_of(const base::Error& error) {
  if (error.retry_after) return error.retry_after;
  // The same post again is never run twice: one that was interrupted needs another key, not time.
  if (error.code == base::ErrorCode::interrupted) return std::nullopt;
  if (kind_of(error.code).status == 503) return std::chrono::seconds{1};
  return std::nullopt;
}

}  // namespace

unsigned status_of(ErrorCode code) { return kind_of(code).status; }

Response problem(const base::Error& error, std::string_view trace_id) {
  const Kind& kind = kind_of(error.code);
  Response response{.status = kind.status};
  append_member(response.body, "type", "about:blank");
  append_member(response.body, "title", kind.title);
  response.body += ",\"status\":" + std::to_string(kind.status);
  append_member(response.body, "detail", error.detail.empty() ? kind.title : std::string_view(error.detail));
  append_member(response.body, "code", base::name_of(error.code));
  if (!error.fields.empty()) response.body += ",\"errors\":" + base::encode(located(error));
  append_member(response.body, "trace_id", trace_id);
  response.body += "}";
  response.headers.add("Content-Type", "application/problem+json");
  if (kind.status == 401) response.headers.add("WWW-Authenticate", "Bearer");
  if (const auto wait = retry_after_of(error)) response.headers.add("Retry-After", std::to_string(wait->count()));
  return response;
}

}  // namespace codelab::http
