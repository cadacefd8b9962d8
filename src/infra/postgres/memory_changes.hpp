#pragma once

#include <cstdint>
#include <optional>

#include "infra/postgres/batch.hpp"
#include "infra/postgres/memory_index.hpp"
#include "infra/postgres/rows.hpp"
#include "infra/vectors/vector_space.hpp"
#include "infra/words/tokenizer.hpp"

/// How an index learns what became of an agent's memories since it last looked. The answer to the first three
/// statements of a batch says it.
namespace codelab::infra::postgres {

/// Memories that one trip brings at most.
inline constexpr std::int64_t kMemoriesATrip = 256;

/// The newest removals of an agent that the database remembers. An index that is further behind begins anew.
inline constexpr std::int64_t kRemovalsKept = 1'024;

/// Adds the three statements.
void ask_for_changes(Batch& batch, const vectors::VectorSpace& space, const IndexPosition& from);

struct ReadChanges {
  /// False when the agent has, and had, no memories, or is not there.
  bool any_memories = true;
  /// Nullopt when nothing leads on from there: too much was removed meanwhile, or the database was set back.
  std::optional<IndexChanges> changes;
  /// True when more may follow.
  bool more = false;
};

/// Takes the three answers from the front of `answer`. Counts words, so it may take milliseconds.
ReadChanges read_changes(Answer& answer, const vectors::VectorSpace& space, const IndexPosition& from,
                         words::Tokenizer& tokenizer);

}  // namespace codelab::infra::postgres
