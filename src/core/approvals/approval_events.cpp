#include "core/approvals/approval_events.hpp"

#include "base/describe/encode.hpp"

namespace codelab::core::approvals {
namespace {

struct RequiredPayload {
  ApprovalId approval_id;
  ApprovalType type = ApprovalType::plan;
  boost::json::object payload;
  base::Timestamp expires_at;

  static constexpr std::string_view kName = "ApprovalRequiredPayload";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("approval_id", &RequiredPayload::approval_id), field("type", &RequiredPayload::type),
                        field("payload", &RequiredPayload::payload), field("expires_at", &RequiredPayload::expires_at));
  }
};

struct ResolvedPayload {
  ApprovalId approval_id;
  ApprovalStatus status = ApprovalStatus::approved;
  std::optional<std::string> reason;

  static constexpr std::string_view kName = "ApprovalResolvedPayload";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("approval_id", &ResolvedPayload::approval_id), field("status", &ResolvedPayload::status),
                        field("reason", &ResolvedPayload::reason));
  }
};

}  // namespace

events::NewEvent approval_required(const Approval& approval, const std::string& agent) {
  const RequiredPayload payload{.approval_id = approval.id,
                                .type = approval.type,
                                .payload = approval.payload,
                                .expires_at = approval.expires_at};
  return {.type = events::EventType::approval_required,
          .task = approval.task_id,
          .agent = agent,
          .payload = base::encode(payload)};
}

events::NewEvent approval_resolved(const Approval& approval, const Resolution& resolution) {
  const ResolvedPayload payload{.approval_id = approval.id, .status = resolution.status, .reason = resolution.reason};
  return {.type = events::EventType::approval_resolved,
          .task = approval.task_id,
          .agent = "",
          .payload = base::encode(payload)};
}

}  // namespace codelab::core::approvals
