#include "infra/qdrant/sparse_words.hpp"

#include <map>

#include "infra/words/bm25.hpp"
#include "infra/words/text_words.hpp"

namespace codelab::infra::qdrant {
namespace {

/// In bytes: about what a question and its short answer have.
constexpr double kAverageLength = 400;

}  // namespace

std::int64_t word_index(std::string_view stem) {
  std::uint32_t hash = 2'166'136'261U;
  for (const unsigned char byte : stem) {
    hash ^= byte;
    hash *= 16'777'619U;
  }
  return hash;
}

SparseWords words_of_text(std::string_view text) {
  const auto counted = words::count_words(text);
  // Qdrant refuses an index that comes twice: two stems of one number count as one word.
  std::map<std::int64_t, double> counts;
  for (const auto& word : counted.words) counts[word_index(word.stem)] += word.count;
  SparseWords sparse;
  for (const auto& [index, count] : counts) {
    sparse.indices.push_back(index);
    const auto length = static_cast<double>(counted.length);
    sparse.values.push_back(static_cast<float>(words::saturation(count, length, kAverageLength)));
  }
  return sparse;
}

SparseWords words_of_query(std::span<const std::int64_t> indices, double documents,
                           std::span<const double> frequencies) {
  const words::Bm25 scorer({.documents = documents, .average_length = kAverageLength}, frequencies);
  SparseWords sparse{.indices = {indices.begin(), indices.end()}, .values = {}};
  for (const double share : scorer.shares()) sparse.values.push_back(static_cast<float>(share));
  return sparse;
}

}  // namespace codelab::infra::qdrant
