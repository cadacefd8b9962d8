#pragma once

#include "base/ids.hpp"
#include "core/agents/agent.hpp"
#include "core/events/event.hpp"
#include "infra/sqlite/connection.hpp"

namespace codelab::infra::sqlite {

/// False when this user has an agent of that name.
bool insert_agent(Connection& sql, const base::UserId& user, const core::agents::Agent& agent);

/// The leading columns are id, name, status, config, created_at, updated_at.
core::agents::Agent read_agent(const Rows& rows);

/// What the log keeps of a change of an agent.
core::events::NewEvent agent_event(core::events::EventType type, const core::agents::Agent& agent);

}  // namespace codelab::infra::sqlite
