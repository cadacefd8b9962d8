#include "infra/postgres/memory_index.hpp"

#include <limits>

namespace codelab::infra::postgres {

/// There is no index on disk that could take over from the words in memory.
MemoryIndex::MemoryIndex(std::size_t dimension)
    : vectors_(vectors::QuantizedCollection(dimension)),
      words_(words::WordIndex(std::numeric_limits<std::size_t>::max())) {}

IndexPosition MemoryIndex::position() const {
  const std::lock_guard lock(mutex_);
  return position_;
}

bool MemoryIndex::apply(const IndexChanges& changes) {
  const std::lock_guard lock(mutex_);
  if (position_.covers(changes.to)) return true;
  if (position_ != changes.from) return false;
  for (const auto row : changes.removed) {
    vectors_.remove(row);
    words_.remove(row);
  }
  for (const auto& memory : changes.added) {
    words_.add(memory.position, memory.text);
    if (memory.vector) vectors_.add(memory.position, *memory.vector);
  }
  position_ = changes.to;
  return true;
}

}  // namespace codelab::infra::postgres
