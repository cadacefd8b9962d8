#pragma once

#include "core/chat/values.hpp"
#include "infra/postgres/rows.hpp"

namespace codelab::infra::postgres {

/// The leading columns are id, session_id, agent_id, agent_name, status, error_code, error_detail, request_message_id,
/// message_id, created_at, started_at, completed_at, kind, parent_id.
core::chat::Task read_task(const Rows& rows);

}  // namespace codelab::infra::postgres
