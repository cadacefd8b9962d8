#pragma once

#include <string_view>

#include "core/chat/task_leases.hpp"
#include "core/chat/values.hpp"
#include "core/identity/user_scope.hpp"
#include "infra/sqlite/connection.hpp"

namespace codelab::infra::sqlite {

/// Notes that something of the task is finished. False when it has ended, is not this user's or not run by this
/// process.
bool note_progress(Connection& sql, const core::chat::RunnerId& runner, const core::identity::UserScope& scope,
                   const core::chat::Task& task);
/// Stores a step as it is, whether it was there before or not; what it had others do ends with it.
void put_step(Connection& sql, const core::chat::RunnerId& runner, const core::identity::UserScope& scope,
              const core::chat::Task& step);
/// Cancels the unfinished steps of a task that ends, and theirs, and the unfinished nodes of the plan that it has.
void end_steps(Connection& sql, const core::identity::UserScope& scope, const core::chat::Task& task,
               std::string_view why = "the task that it was a part of has ended");

}  // namespace codelab::infra::sqlite
