#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "infra/words/text_words.hpp"

namespace codelab::infra::qdrant {

/// Words as Qdrant's sparse vectors have them: a number for each, and its weight.
struct SparseWords {
  std::vector<std::int64_t> indices;
  std::vector<float> values;
};

/// The words to look for, ascending, each once: of many the 16 longest, for short ones are mostly those that stand
/// everywhere.
std::vector<std::int64_t> indices_of(words::QueryWords query);

/// The number of a stem: its FNV-1a hash of 32 bits. Stored, so it must never change.
std::int64_t word_index(std::string_view stem);

/// Each word of a text with what it earns of its share by standing there as often as it does (BM25's saturation).
/// Lengths are measured against a fixed average: the agent's own changes with each memory, a stored vector does not.
SparseWords words_of_text(const words::CountedText& text);

/// The words of a query. `frequencies` says in how many of `documents` each stands: its weight is its share of what the
/// query could reach at most, so that the product with words_of_text() is BM25 from 0 to 1.
SparseWords words_of_query(std::span<const std::int64_t> indices, double documents,
                           std::span<const double> frequencies);

}  // namespace codelab::infra::qdrant
