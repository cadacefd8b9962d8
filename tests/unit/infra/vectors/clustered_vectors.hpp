#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "infra/vectors/kernels.hpp"

namespace codelab::infra::vectors::testing {

/// SplitMix64: the same numbers on every platform.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e37'79b9'7f4a'7c15);
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31);
  }

  std::size_t below(std::size_t bound) { return next() % bound; }

  /// Roughly normal, mean 0 and variance 1: a sum of four uniform numbers.
  float normal() {
    const std::uint64_t bits = next();
    const auto sum = static_cast<float>((bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48));
    return (sum / 65536.0F - 2.0F) * 1.732F;
  }

 private:
  std::uint64_t state_;
};

inline void normalise(std::span<float> vector) {
  double sum = 0;
  for (const float value : vector) sum += double{value} * double{value};
  for (float& value : vector) value /= static_cast<float>(std::sqrt(sum));
}

inline std::vector<float> random_unit_vector(Random& random, std::size_t dimension) {
  std::vector<float> vector(dimension);
  for (float& value : vector) value = random.normal();
  normalise(vector);
  return vector;
}

/// Unit vectors scattered about cluster centres. A row's id is its index.
class ClusteredVectors {
 public:
  ClusteredVectors(std::size_t rows, std::size_t dimension, std::size_t clusters, std::uint64_t seed)
      : dimension_(dimension), random_(seed), centres_(clusters * dimension), values_(rows * dimension) {
    for (float& value : centres_) value = random_.normal();
    for (std::size_t row = 0; row < rows; ++row) draw(std::span(values_).subspan(row * dimension, dimension));
  }

  std::size_t size() const { return values_.size() / dimension_; }
  std::span<const float> row(std::size_t index) const {
    return std::span(values_).subspan(index * dimension_, dimension_);
  }

  /// A new vector of the same distribution.
  std::vector<float> query() {
    std::vector<float> vector(dimension_);
    draw(vector);
    return vector;
  }

  /// Ids of the rows nearest to the query by exact search.
  std::vector<std::int64_t> nearest(std::span<const float> query, std::size_t count) const {
    std::vector<float> scores(size());
    for (std::size_t i = 0; i < size(); ++i) {
      scores[i] = fastest_kernels().dot_float(query.data(), row(i).data(), dimension_);
    }
    std::vector<std::int64_t> ids(size());
    std::iota(ids.begin(), ids.end(), 0);
    count = std::min(count, ids.size());
    const auto better = [&](std::int64_t left, std::int64_t right) {
      return scores[static_cast<std::size_t>(left)] > scores[static_cast<std::size_t>(right)];
    };
    std::ranges::partial_sort(ids, ids.begin() + static_cast<std::ptrdiff_t>(count), better);
    ids.resize(count);
    return ids;
  }

 private:
  void draw(std::span<float> out) {
    constexpr float kScatter = 0.7F;
    const float* centre = centres_.data() + random_.below(centres_.size() / dimension_) * dimension_;
    for (std::size_t i = 0; i < dimension_; ++i) out[i] = centre[i] + kScatter * random_.normal();
    normalise(out);
  }

  std::size_t dimension_;
  Random random_;
  std::vector<float> centres_;
  std::vector<float> values_;
};

}  // namespace codelab::infra::vectors::testing
