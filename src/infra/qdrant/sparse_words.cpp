#include "infra/qdrant/sparse_words.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "infra/words/bm25.hpp"

namespace codelab::infra::qdrant {
namespace {

/// In bytes: about what a question and its short answer have.
constexpr double kAverageLength = 400;
/// Each costs a count in every place that is searched.
constexpr std::size_t kMaxLongest = 16;

}  // namespace

std::int64_t word_index(std::string_view stem) {
  std::uint32_t hash = 2'166'136'261U;
  for (const unsigned char byte : stem) {
    hash ^= byte;
    hash *= 16'777'619U;
  }
  return hash;
}

std::vector<std::int64_t> indices_of(words::QueryWords query) {
  std::vector<std::pair<std::size_t, std::int64_t>> by_length;
  by_length.reserve(query.stems.size());
  for (std::size_t i = 0; i < query.stems.size(); ++i) {
    by_length.emplace_back(query.written[i].size(), word_index(query.stems[i]));
  }
  std::ranges::sort(by_length, std::greater());
  by_length.resize(std::min(by_length.size(), kMaxLongest));
  std::vector<std::int64_t> indices;
  indices.reserve(by_length.size());
  for (const auto& [length, index] : by_length) indices.push_back(index);
  std::ranges::sort(indices);
  indices.erase(std::ranges::unique(indices).begin(), indices.end());
  return indices;
}

SparseWords words_of_text(const words::CountedText& text) {
  // Qdrant refuses an index that comes twice: two stems of one number count as one word.
  std::map<std::int64_t, double> counts;
  for (const auto& word : text.words) counts[word_index(word.stem)] += word.count;
  SparseWords sparse;
  for (const auto& [index, count] : counts) {
    sparse.indices.push_back(index);
    const auto length = static_cast<double>(text.length);
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
