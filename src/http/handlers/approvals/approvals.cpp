#include "http/handlers/approvals/approvals.hpp"

#include <utility>

#include <fmt/format.h>

#include "http/json_response.hpp"
#include "http/parameters.hpp"
#include "http/problem.hpp"

namespace codelab::http::handlers {
namespace {

using core::approvals::ApprovalId;
using core::approvals::ApprovalStatus;

base::Result<std::optional<ApprovalStatus>> status_of(const ApiRequest& request) {
  constexpr const auto& kStatus = parameters::kApprovalStatus;
  const auto text = request.target.find(kStatus.name);
  if (!text) return std::optional<ApprovalStatus>{};
  const auto status = base::parse_enum<ApprovalStatus>(*text);
  if (!status) return query_fault(kStatus.name, fmt::format("must be one of: {}", fmt::join(kStatus.choices, ", ")));
  return status;
}

base::Result<ApprovalId> id_of(const UserRequest& request) {
  return path_id<ApprovalId>(request, "approval_id", base::ErrorCode::approval_not_found);
}

}  // namespace

base::Task<Response> ApprovalHandlers::list(UserRequest request) {
  auto page = page_of(request);
  if (!page) co_return problem(page.error(), request.trace_id);
  const auto status = status_of(request);
  if (!status) co_return problem(status.error(), request.trace_id);
  const auto approvals = co_await approvals_.list(request.scope(), *status, std::move(*page));
  co_return json(200, approvals);
}

base::Task<Response> ApprovalHandlers::get(UserRequest request) {
  const auto id = id_of(request);
  if (!id) co_return problem(id.error(), request.trace_id);
  const auto approval = co_await approvals_.find(request.scope(), *id);
  if (!approval) co_return problem(approval.error(), request.trace_id);
  co_return json(200, *approval);
}

base::Task<Response> ApprovalHandlers::decide(UserRequest request, DecisionBody body) {
  const auto id = id_of(request);
  if (!id) co_return problem(id.error(), request.trace_id);
  const auto approval = co_await approvals_.decide(request.scope(), *id, body.decision, std::move(body.reason));
  if (!approval) co_return problem(approval.error(), request.trace_id);
  co_return json(200, *approval);
}

}  // namespace codelab::http::handlers
