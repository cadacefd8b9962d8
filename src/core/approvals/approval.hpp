#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "base/clock.hpp"
#include "base/describe/fields.hpp"
#include "base/ids.hpp"

/// What is held until its user has decided.
namespace codelab::core::approvals {

using ApprovalId = base::Id<struct ApprovalTag>;

/// expired: nobody decided in time. cancelled: its task ended otherwise.
enum class ApprovalStatus : std::uint8_t { pending, approved, rejected, expired, cancelled };

enum class ApprovalType : std::uint8_t { plan };

struct Approval {
  ApprovalId id;
  base::SessionId session_id;
  /// That waits for the decision.
  base::TaskId task_id;
  ApprovalType type = ApprovalType::plan;
  /// What is to be decided on.
  boost::json::object payload;
  ApprovalStatus status = ApprovalStatus::pending;
  base::Timestamp created_at;
  base::Timestamp expires_at;
  std::optional<base::Timestamp> resolved_at;
  /// The user's own words.
  std::optional<std::string> reason;

  static constexpr std::string_view kName = "Approval";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("id", &Approval::id), field("session_id", &Approval::session_id),
                        field("task_id", &Approval::task_id), field("type", &Approval::type),
                        field("payload", &Approval::payload), field("status", &Approval::status),
                        field("created_at", &Approval::created_at), field("expires_at", &Approval::expires_at),
                        field("resolved_at", &Approval::resolved_at), field("reason", &Approval::reason));
  }
};

enum class Decision : std::uint8_t { approve, reject };

}  // namespace codelab::core::approvals

template <>
struct codelab::base::EnumNames<codelab::core::approvals::ApprovalStatus> {
  static constexpr std::array<std::string_view, 5> kNames{"pending", "approved", "rejected", "expired", "cancelled"};
};

template <>
struct codelab::base::EnumNames<codelab::core::approvals::ApprovalType> {
  static constexpr std::array<std::string_view, 1> kNames{"plan"};
};

template <>
struct codelab::base::EnumNames<codelab::core::approvals::Decision> {
  static constexpr std::array<std::string_view, 2> kNames{"approve", "reject"};
};
