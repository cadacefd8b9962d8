#pragma once

#include <optional>

#include "core/chat/values.hpp"
#include "core/identity/user_scope.hpp"
#include "infra/sqlite/connection.hpp"

namespace codelab::infra::sqlite {

/// The leading columns are id, session_id, agent_id, agent_name, status, error_code, error_detail, request_message_id,
/// message_id, created_at, started_at, completed_at, kind, parent_id.
core::chat::Task read_task(const Rows& rows);

std::optional<core::chat::Task> task_by_id(Connection& sql, const core::identity::UserScope& scope,
                                           const base::TaskId& task);

}  // namespace codelab::infra::sqlite
