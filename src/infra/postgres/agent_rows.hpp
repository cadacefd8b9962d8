#pragma once

#include "base/ids.hpp"
#include "core/agents/agent.hpp"
#include "core/events/event.hpp"
#include "infra/postgres/transaction.hpp"

namespace codelab::infra::postgres {

/// Queues the insertion of an agent; it touches no row when this user has an agent of that name.
void insert_agent(Transaction& tx, const base::UserId& user, const core::agents::Agent& agent);

/// The leading columns are id, name, status, config, created_at, updated_at.
core::agents::Agent read_agent(const Rows& rows);

/// What the log keeps of a change of an agent.
core::events::NewEvent agent_event(core::events::EventType type, const core::agents::Agent& agent);

}  // namespace codelab::infra::postgres
