#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "infra/sqlite/connection.hpp"
#include "infra/vectors/collection_cache.hpp"
#include "infra/vectors/vector_space.hpp"
#include "infra/words/word_cache.hpp"

namespace codelab::infra::sqlite {

using vectors::VectorSpace;

/// What is kept in memory to search memories fast: the vectors of each vector space, and of each agent with few
/// memories the words of their texts. Derived from the database on first use, told of every change once it is durable,
/// dropped least recently used first past `byte_limit`. Thread-safe.
class MemoryIndexes {
 public:
  /// Past `max_texts` of an agent's memories their words are left to the index on disk.
  explicit MemoryIndexes(std::size_t byte_limit, std::size_t max_texts = kMaxTexts)
      : max_texts_(max_texts), vectors_(byte_limit - byte_limit / kShareOfWords), words_(byte_limit / kShareOfWords) {}

  /// From more of an agent's memories on, the index on disk must have them: somewhat before it is needed, for what is
  /// reported here may be ahead of what is stored.
  std::int64_t texts_without_index() const { return static_cast<std::int64_t>(max_texts_ - max_texts_ / 8); }

  /// Both are built if they are not at hand; called outside of any transaction.
  std::shared_ptr<vectors::CachedCollection> open_vectors(Connection& sql, const VectorSpace& space);
  std::shared_ptr<words::CachedWords> open_words(Connection& sql, const base::UserId& user, const base::AgentId& agent);

  void added(const VectorSpace& space, std::int64_t row_id, std::vector<float> vector,
             words::CountedText text) noexcept;
  void removed(const VectorSpace& space, std::int64_t row_id) noexcept;
  /// All that belongs to the space, and the words of its agent.
  void erase(const VectorSpace& space) noexcept;

  std::size_t bytes() const { return vectors_.bytes() + words_.bytes(); }
  std::size_t size() const { return vectors_.size() + words_.size(); }

 private:
  /// Words take this part of the bytes.
  static constexpr std::size_t kShareOfWords = 8;
  static constexpr std::size_t kMaxTexts = 2'048;

  const std::size_t max_texts_;
  vectors::CollectionCache vectors_;
  words::WordCache words_;
};

}  // namespace codelab::infra::sqlite
