#pragma once

#include "core/chat/values.hpp"
#include "core/identity/user_scope.hpp"
#include "infra/postgres/transaction.hpp"

namespace codelab::infra::postgres {

/// Queues the insertion of a message. `position`: its place in the session, from 1.
void insert_message(Transaction& tx, const core::identity::UserScope& scope, const core::chat::Message& message,
                    std::int64_t position);

/// The leading columns are id, session_id, role, content, agent_id, agent_name, task_id, model, prompt_tokens,
/// completion_tokens, cost_usd, created_at.
core::chat::Message read_message(const Rows& rows);

}  // namespace codelab::infra::postgres
