#include "infra/inprocess/rate_window.hpp"

#include <algorithm>

namespace codelab::infra::inprocess {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kWindow = RateWindow::kLength.count();
/// Keeps the products below inside 64 bits.
constexpr std::int64_t kMaxLimit = 1'000'000'000;

constexpr std::int64_t divided_up(std::int64_t value, std::int64_t by) { return (value + by - 1) / by; }

/// The least time into a minute at which `before` requests of the minute before it leave room for one more beside
/// `present` of its own, which must be less than `limit`.
constexpr std::int64_t room_at(std::int64_t before, std::int64_t present, std::int64_t limit) {
  const std::int64_t fitting = limit - 1 - present;
  if (before <= fitting) return 0;
  return divided_up((before - fitting) * kWindow, before);
}

constexpr std::chrono::seconds whole_seconds(std::int64_t millis) {
  return std::chrono::seconds(std::max<std::int64_t>(1, divided_up(millis, 1000)));
}

}  // namespace

core::cache::RateDecision RateWindow::take(milliseconds time, std::int64_t wanted_limit) {
  const std::int64_t limit = std::clamp<std::int64_t>(wanted_limit, 1, kMaxLimit);
  advance_to(time / kLength);
  const std::int64_t elapsed = (time % kLength).count();
  const std::int64_t left = kWindow - elapsed;
  if (current_ >= limit) return {false, limit, 0, whole_seconds(left + room_at(current_, 0, limit))};
  const std::int64_t room = room_at(previous_, current_, limit);
  if (elapsed < room) return {false, limit, 0, whole_seconds(room - elapsed)};
  ++current_;
  const std::int64_t counted = current_ + divided_up(previous_ * left, kWindow);
  return {true, limit, std::max<std::int64_t>(0, limit - counted), whole_seconds(left)};
}

void RateWindow::advance_to(std::int64_t minute) {
  if (minute <= minute_) return;
  previous_ = minute == minute_ + 1 ? current_ : 0;
  current_ = 0;
  minute_ = minute;
}

}  // namespace codelab::infra::inprocess
