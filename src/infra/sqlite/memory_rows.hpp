#pragma once

#include <optional>

#include "core/identity/user_scope.hpp"
#include "core/memory/memory.hpp"
#include "infra/sqlite/connection.hpp"

namespace codelab::infra::sqlite {

/// The leading columns are id, kind, text, metadata, embedding_model, created_at.
core::memory::MemoryItem read_memory(const Rows& rows);

std::optional<core::memory::MemoryItem> memory_by_row(Connection& sql, const core::identity::UserScope& scope,
                                                      const base::AgentId& agent, std::int64_t row_id);

/// Ascending rows of this agent whose metadata hold `filter`, which is not empty.
std::vector<std::int64_t> rows_that_hold(Connection& sql, const core::identity::UserScope& scope,
                                         const base::AgentId& agent, const boost::json::object& filter);

}  // namespace codelab::infra::sqlite
