#pragma once

#include <chrono>
#include <cstdint>

#include "core/cache/ports.hpp"

namespace codelab::infra::inprocess {

/// The requests of one key in this minute and in the one before. The sum that counts is this minute's plus the part of
/// the one before that still lies within the last sixty seconds, as if its requests had come evenly.
class RateWindow {
 public:
  static constexpr std::chrono::milliseconds kLength{60'000};

  /// `time` is since any fixed moment and never runs backwards for one key; `limit` is at least 1. A refused request
  /// does not count.
  core::cache::RateDecision take(std::chrono::milliseconds time, std::int64_t limit);
  /// Nothing that happened still counts at `time`.
  bool is_stale(std::chrono::milliseconds time) const { return time / kLength > minute_ + 1; }

 private:
  void advance_to(std::int64_t minute);

  std::int64_t minute_ = 0;
  std::int64_t current_ = 0;
  std::int64_t previous_ = 0;
};

}  // namespace codelab::infra::inprocess
