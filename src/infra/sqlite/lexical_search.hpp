#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "core/identity/user_scope.hpp"
#include "infra/sqlite/connection.hpp"
#include "infra/words/text_words.hpp"

namespace codelab::infra::sqlite {

/// The words of a text that is looked for.
words::QueryWords words_of(Connection& sql, const std::string& text);

/// The best rows by words from the index on disk, and what `query.also` score; like WordIndex::search, but an estimate:
/// looks for the longest words in the newest memories that hold any of them, about a hundred; where there are more,
/// also in the newest that hold a rare one.
std::vector<words::WordHit> search_text_index(Connection& sql, const core::identity::UserScope& scope,
                                              const base::AgentId& agent, const words::QueryWords& words,
                                              const words::WordQuery& query);

}  // namespace codelab::infra::sqlite
