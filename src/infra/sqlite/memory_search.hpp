#pragma once

#include <vector>

#include "core/identity/user_scope.hpp"
#include "core/memory/ports.hpp"
#include "infra/sqlite/connection.hpp"
#include "infra/vectors/collection_cache.hpp"

namespace codelab::infra::sqlite {

/// The nearest memories by vector and the best by words, `query.candidates` of each, as one list without doubles.
/// Called outside of any transaction.
std::vector<core::memory::Candidate> search_memories(Connection& sql, vectors::CollectionCache& collections,
                                                     const core::identity::UserScope& scope, const base::AgentId& agent,
                                                     const core::memory::MemoryQuery& query);

}  // namespace codelab::infra::sqlite
