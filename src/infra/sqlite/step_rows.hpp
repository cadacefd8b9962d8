#pragma once

#include <string_view>
#include <vector>

#include "core/chat/task_leases.hpp"
#include "core/chat/values.hpp"
#include "core/events/event.hpp"
#include "core/identity/user_scope.hpp"
#include "infra/sqlite/connection.hpp"

/// Tasks and their steps, inside somebody's transaction.
namespace codelab::infra::sqlite {

/// What is to be written about a task, as for the number of its take-overs: whether something of it is finished.
enum class Progress : bool { none, made };

/// False when the task has ended, is not this user's or not run by this process.
bool is_run_here(Connection& sql, const core::chat::RunnerId& runner, const core::identity::UserScope& scope,
                 const core::chat::Task& task, Progress progress);
/// What storing a step came to.
struct StoredStep {
  /// False when it has ended before: nothing was written.
  bool stored = false;
  /// What ended with it.
  std::vector<core::events::NewEvent> events;
};
/// Stores a step as it is, whether it was there before or not; what it had others do ends with it.
StoredStep put_step(Connection& sql, const core::chat::RunnerId& runner, const core::identity::UserScope& scope,
                    const core::chat::Task& step);
/// Cancels the unfinished steps of a task that ends, and theirs, and the unfinished nodes of the plan that it has. What
/// tells of it, in order.
std::vector<core::events::NewEvent> end_steps(Connection& sql, const core::identity::UserScope& scope,
                                              const core::chat::Task& task,
                                              std::string_view why = "the task that it was a part of has ended");

}  // namespace codelab::infra::sqlite
