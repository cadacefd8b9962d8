#pragma once

#include <string_view>

#include "core/chat/task_leases.hpp"
#include "core/chat/values.hpp"
#include "core/identity/user_scope.hpp"
#include "infra/postgres/transaction.hpp"

/// Statements about tasks and their steps, queued in a transaction.
namespace codelab::infra::postgres {

/// Notes that something of the task is finished. Touches a row when it is unfinished, this user's and run by this
/// process: nobody takes it over, or ends it, before the transaction is done.
void note_progress(Transaction& tx, const core::chat::RunnerId& runner, const core::identity::UserScope& scope,
                   const core::chat::Task& task);
/// Stores a step as it is, whether it was there before or not; what it had others do ends with it.
void put_step(Transaction& tx, const core::chat::RunnerId& runner, const core::identity::UserScope& scope,
              const core::chat::Task& step);
/// Cancels the unfinished steps of a task that ends, and theirs, and the unfinished nodes of the plan that it has.
void end_steps(Transaction& tx, const core::identity::UserScope& scope, const core::chat::Task& task,
               std::string_view why = "the task that it was a part of has ended");

}  // namespace codelab::infra::postgres
