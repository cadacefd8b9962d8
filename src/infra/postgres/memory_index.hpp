#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "infra/vectors/cached_collection.hpp"
#include "infra/words/word_cache.hpp"

namespace codelab::infra::postgres {

/// How much of an agent's history an index has seen: all memories and all removals up to these numbers, which the
/// database gives in the order of the commits.
struct IndexPosition {
  std::int64_t memory = 0;
  std::int64_t removal = 0;
  /// Which memory had that position, and the position of the one that was removed; 0 where it is not known. Tells that
  /// the database lost its last commits and gave the numbers to others.
  base::MemoryId memory_id = {};
  std::int64_t removed = 0;

  bool operator==(const IndexPosition&) const = default;
  /// True when an index at this position has seen all that one at `other` has.
  bool covers(const IndexPosition& other) const { return memory >= other.memory && removal >= other.removal; }
};

struct IndexedMemory {
  std::int64_t position = 0;
  words::CountedText text;
  /// Absent for a memory of another vector space.
  std::optional<std::vector<float>> vector;
};

/// What leads an index from one position to another.
struct IndexChanges {
  IndexPosition from;
  IndexPosition to;
  std::vector<std::int64_t> removed;
  std::vector<IndexedMemory> added;
};

/// What one process has in memory to search one agent's memories fast: the words of all its texts, and the vectors of
/// one vector space. Begins empty and is led along the agent's history by whoever searches. A row is known by its
/// memory's position. Thread-safe: searches run side by side, and may see changes that are half applied.
class MemoryIndex {
 public:
  explicit MemoryIndex(std::size_t dimension);

  const vectors::CachedCollection& vectors() const { return vectors_; }
  const words::CachedWords& words() const { return words_; }

  IndexPosition position() const;
  /// True when the index covers `changes.to` now. False when it was led on from `changes.from` meanwhile and is
  /// elsewhere: nothing is applied then, and the caller reads again.
  bool apply(const IndexChanges& changes);

  /// Never blocks.
  std::size_t bytes() const noexcept { return sizeof(*this) + vectors_.bytes() + words_.bytes(); }

 private:
  vectors::CachedCollection vectors_;
  words::CachedWords words_;
  /// Held while changes are applied: one after the other.
  mutable std::mutex mutex_;
  IndexPosition position_;
};

}  // namespace codelab::infra::postgres
