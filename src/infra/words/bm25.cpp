#include "infra/words/bm25.hpp"

#include <algorithm>
#include <cmath>

namespace codelab::infra::words {
namespace {

constexpr double kSaturation = 1.2;        // k1
constexpr double kLengthInfluence = 0.75;  // b

double slowdown_at(double length, double average_length) {
  return kSaturation * (1 - kLengthInfluence + kLengthInfluence * length / average_length);
}

}  // namespace

double saturation(double count, double length, double average_length) {
  return count / (count + slowdown_at(length, average_length));
}

Bm25::Bm25(const TextStatistics& statistics, std::span<const double> document_frequencies)
    : average_length_(std::max(statistics.average_length, 1.0)) {
  double sum = 0;
  for (const double frequency : document_frequencies) {
    const double present = std::clamp(frequency, 0.0, statistics.documents);
    shares_.push_back(std::log1p((statistics.documents - present + 0.5) / (present + 0.5)));
    sum += shares_.back();
  }
  for (double& share : shares_) share /= sum;
}

double Bm25::slowdown(double length) const { return slowdown_at(length, average_length_); }

double Bm25::score(std::span<const std::uint8_t> counts, double length) const {
  double sum = 0;
  for (std::size_t word = 0; word < shares_.size(); ++word) sum += part(word, counts[word], length);
  return sum;
}

}  // namespace codelab::infra::words
