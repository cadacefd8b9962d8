#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "core/identity/user_scope.hpp"
#include "infra/sqlite/bm25.hpp"
#include "infra/sqlite/connection.hpp"

namespace codelab::infra::sqlite {

/// How one agent's memories match the words of a text: everything that scoring them needs but their lengths.
struct LexicalMatches {
  struct Row {
    std::int64_t row_id = 0;
    std::vector<std::uint8_t> counts;
  };

  Bm25 scorer;
  std::vector<Row> rows;
};

/// Looks at the newest memories that hold any of the text's words, a few hundred; where there are more, also at the
/// newest that hold one of its rare words. `allowed`, ascending, lets only those rows through. No query syntax: a text
/// is nothing but words.
LexicalMatches match_words(Connection& sql, const core::identity::UserScope& scope, const base::AgentId& agent,
                           const std::string& text, const std::optional<std::vector<std::int64_t>>& allowed);

}  // namespace codelab::infra::sqlite
