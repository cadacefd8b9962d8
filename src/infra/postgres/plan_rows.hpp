#pragma once

#include <optional>
#include <string_view>

#include "core/chat/values.hpp"
#include "core/events/event.hpp"
#include "core/identity/user_scope.hpp"
#include "core/orchestration/plan.hpp"
#include "infra/postgres/transaction.hpp"

/// Nodes of plans.
namespace codelab::infra::postgres {

/// The nodes of a plan, or of the plan of a task, in their order.
void read_nodes_of(Batch& batch, const core::identity::UserScope& scope, const core::orchestration::PlanId& plan);
void read_nodes_of(Batch& batch, const core::identity::UserScope& scope, const base::TaskId& task);
core::orchestration::PlanNode read_node(const Rows& rows);

/// Two statements: cancels what is unfinished of the plan that is the work of `task`, or the node that `task` is the
/// step of.
void end_nodes(Transaction& tx, const core::identity::UserScope& scope, const core::chat::Task& task,
               std::string_view why);
/// The event that tells of it, from their answers; nothing when there was no such node.
std::optional<core::events::NewEvent> read_ended_nodes(Rows plan, Rows nodes);

}  // namespace codelab::infra::postgres
