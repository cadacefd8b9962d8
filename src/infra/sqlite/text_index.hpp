#pragma once

#include <cstdint>
#include <string_view>

#include "infra/sqlite/transaction.hpp"

/// The text index on disk, memories_fts. An agent's texts are in it once there are too many to keep their words in
/// memory: to keep it up to date costs several times what the rest of storing a memory does.
namespace codelab::infra::sqlite {

/// A memory whose row has just been written.
struct NewText {
  base::UserId user;
  base::AgentId agent;
  std::int64_t row_id = 0;
  std::string_view text;
};

/// Takes all of the agent's texts in once they are more than `without_index`.
void add_to_text_index(Transaction& tx, const NewText& text, std::int64_t without_index);

/// Called while the memory's row is still there.
void remove_from_text_index(Transaction& tx, std::int64_t row_id);

}  // namespace codelab::infra::sqlite
