#pragma once

#include <optional>
#include <string>

#include "core/approvals/approvals.hpp"
#include "http/api_request.hpp"

namespace codelab::http::handlers {

struct DecisionBody {
  core::approvals::Decision decision = core::approvals::Decision::reject;
  std::optional<std::string> reason;

  static constexpr std::string_view kName = "DecisionBody";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("decision", &DecisionBody::decision, {.required = true}),
                        field("reason", &DecisionBody::reason, {.max_length = 2'000, .doc = "Yours; kept with it."}));
  }
};

/// /my/approvals/*.
class ApprovalHandlers {
 public:
  explicit ApprovalHandlers(core::approvals::Approvals& approvals) : approvals_(approvals) {}

  base::Task<Response> list(UserRequest request);
  base::Task<Response> get(UserRequest request);
  base::Task<Response> decide(UserRequest request, DecisionBody body);

 private:
  core::approvals::Approvals& approvals_;
};

}  // namespace codelab::http::handlers
