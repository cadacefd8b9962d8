#include "infra/sqlite/bm25.hpp"

#include <algorithm>
#include <cmath>

namespace codelab::infra::sqlite {
namespace {

constexpr double kSaturation = 1.2;        // k1
constexpr double kLengthInfluence = 0.75;  // b

}  // namespace

Bm25::Bm25(const TextStatistics& statistics, std::span<const double> document_frequencies)
    : average_length_(std::max(statistics.average_length, 1.0)) {
  for (const double frequency : document_frequencies) {
    const double present = std::clamp(frequency, 0.0, statistics.documents);
    const double weight = std::log1p((statistics.documents - present + 0.5) / (present + 0.5));
    weights_.push_back(weight);
    most_ += weight * (kSaturation + 1);
  }
}

double Bm25::score(std::span<const std::uint8_t> counts, double length) const {
  const double slowdown = kSaturation * (1 - kLengthInfluence + kLengthInfluence * length / average_length_);
  double sum = 0;
  for (std::size_t word = 0; word < weights_.size(); ++word) {
    const double count = counts[word];
    sum += weights_[word] * count * (kSaturation + 1) / (count + slowdown);
  }
  return most_ > 0 ? sum / most_ : 0;
}

}  // namespace codelab::infra::sqlite
