#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace codelab::load {

using Clock = std::chrono::steady_clock;

inline double milliseconds_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

/// The value that `share` (0 to 1) of `values` do not exceed; 0 when there are none.
inline double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const auto last = static_cast<double>(values.size() - 1);
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(last * share + 0.5);
  std::ranges::nth_element(values, place);
  return *place;
}

}  // namespace codelab::load
