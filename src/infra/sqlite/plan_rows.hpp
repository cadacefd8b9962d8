#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/chat/values.hpp"
#include "core/events/event.hpp"
#include "core/identity/user_scope.hpp"
#include "core/orchestration/plan.hpp"
#include "infra/sqlite/connection.hpp"

/// Nodes of plans, inside somebody's transaction.
namespace codelab::infra::sqlite {

/// In their order.
std::vector<core::orchestration::PlanNode> nodes_of(Connection& sql, const core::identity::UserScope& scope,
                                                    const core::orchestration::PlanId& plan);
/// Cancels what is unfinished of the plan that is the work of `task`, or the node that `task` is the step of. The event
/// that tells of it; nothing when there was no such node.
std::optional<core::events::NewEvent> end_nodes(Connection& sql, const core::identity::UserScope& scope,
                                                const core::chat::Task& task, std::string_view why);

}  // namespace codelab::infra::sqlite
