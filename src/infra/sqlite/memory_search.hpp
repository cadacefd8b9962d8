#pragma once

#include <vector>

#include "core/identity/user_scope.hpp"
#include "core/memory/ports.hpp"
#include "infra/sqlite/connection.hpp"
#include "infra/sqlite/memory_indexes.hpp"

namespace codelab::infra::sqlite {

/// The nearest memories by vector and the best by words, `query.candidates` of each, fused; only the texts of those
/// that are wanted are read. Called outside of any transaction.
std::vector<core::memory::MemoryHit> search_memories(Connection& sql, MemoryIndexes& indexes,
                                                     const core::identity::UserScope& scope, const base::AgentId& agent,
                                                     const core::memory::MemoryQuery& query);

}  // namespace codelab::infra::sqlite
