#pragma once

#include <cstddef>
#include <memory>
#include <mutex>

#include "infra/derived/residents.hpp"
#include "infra/postgres/memory_index.hpp"
#include "infra/vectors/vector_space.hpp"
#include "infra/words/tokenizer.hpp"

namespace codelab::infra::postgres {

/// The indexes of agents' memories that this process has at hand, dropped least recently used first past `byte_limit`.
/// Derived: PostgresMemoryStore leads each up to what is committed before it searches it. Thread-safe.
class MemoryIndexes {
 public:
  /// Throws base::StoreError when SQLite, which finds the words, was built without FTS5.
  explicit MemoryIndexes(std::size_t byte_limit) : residents_(byte_limit) {}

  /// One that is not at hand begins empty.
  std::shared_ptr<MemoryIndex> open(const vectors::VectorSpace& space);
  /// The index has grown or shrunk.
  void changed(const vectors::VectorSpace& space, const MemoryIndex& index);
  /// The index is of no more use; those who hold it may go on. Does nothing when another is at hand.
  void drop(const vectors::VectorSpace& space, const MemoryIndex& index);

  words::Tokenizer& tokenizer() { return tokenizer_; }

  std::size_t bytes() const;
  std::size_t size() const;

 private:
  words::Tokenizer tokenizer_;
  mutable std::mutex mutex_;
  derived::Residents<MemoryIndex> residents_;
};

}  // namespace codelab::infra::postgres
