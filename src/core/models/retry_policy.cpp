#include "core/models/retry_policy.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <time.h>

namespace codelab::core::models {
namespace {

using std::chrono::milliseconds;

/// Longer waits than a day only mean "not now": the bound keeps the arithmetic away from overflow.
constexpr std::int64_t kMaxSeconds = 86'400;

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<milliseconds> parse_seconds(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::int64_t seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (parsed.ec != std::errc{}) seconds = kMaxSeconds;
  return milliseconds(std::min(seconds, kMaxSeconds) * 1000);
}

std::optional<base::Timestamp> parse_http_date(const std::string& text) {
  for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"}) {
    std::tm parts{};
    const char* end = ::strptime(text.c_str(), form, &parts);
    if (end != nullptr && *end == '\0') return base::Timestamp(std::chrono::seconds(::timegm(&parts)));
  }
  return std::nullopt;
}

}  // namespace

milliseconds RetryPolicy::ceiling(int attempts) const {
  milliseconds pause = limits_.base;
  for (int i = 1; i < attempts && pause < limits_.max_pause; ++i) pause *= 2;
  return std::min(pause, limits_.max_pause);
}

std::optional<milliseconds> RetryPolicy::pause_after(const Failure& failure, double random) const {
  if (failure.attempts >= limits_.max_attempts) return std::nullopt;
  const auto jitter = std::chrono::duration_cast<milliseconds>(ceiling(failure.attempts) * random);
  milliseconds pause = jitter;
  if (failure.retry_after) {
    if (*failure.retry_after > limits_.max_retry_after) return std::nullopt;
    // Those who were told the same moment must not all come back at it.
    pause = *failure.retry_after + std::min(jitter, limits_.base);
  }
  if (failure.elapsed + pause > limits_.total_budget) return std::nullopt;
  return pause;
}

std::optional<milliseconds> parse_retry_after(std::string_view value, base::Timestamp now) {
  const std::string_view text = trimmed(value);
  if (const auto seconds = parse_seconds(text)) return seconds;
  const auto date = parse_http_date(std::string(text));
  if (!date) return std::nullopt;
  const auto wait = std::chrono::ceil<milliseconds>(*date - now);
  return std::clamp(wait, milliseconds(0), milliseconds(kMaxSeconds * 1000));
}

}  // namespace codelab::core::models
