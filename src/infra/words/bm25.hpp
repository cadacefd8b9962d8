#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace codelab::infra::words {

/// What the weights of words rest on: one agent's own memories, nobody else's.
struct TextStatistics {
  double documents = 0;
  /// In any unit, the same as the lengths that are scored.
  double average_length = 1;
};

/// What a word earns of its share by standing `count` times in a document of that length: 0 to 1.
double saturation(double count, double length, double average_length);

/// BM25 (Robertson, Zaragoza 2009: k1 = 1.2, b = 0.75, the idf that is never negative) of one query, over what it could
/// reach at most: 0 to 1. Pure.
class Bm25 {
 public:
  /// `document_frequencies` has one entry a word of the query: in how many of the documents it stands.
  Bm25(const TextStatistics& statistics, std::span<const double> document_frequencies);

  /// `counts` says how often each word stands in the document.
  double score(std::span<const std::uint8_t> counts, double length) const;
  /// What one word of the query adds to the score.
  double part(std::size_t word, double count, double length) const {
    return shares_[word] * count / (count + slowdown(length));
  }
  /// No document with these counts scores higher, whatever its length.
  double bound(std::span<const std::uint8_t> counts) const { return score(counts, 0); }
  /// Of each word: what it adds when it stands there without end. They sum up to 1.
  std::span<const double> shares() const { return shares_; }

 private:
  double slowdown(double length) const;

  double average_length_;
  std::vector<double> shares_;
};

}  // namespace codelab::infra::words
