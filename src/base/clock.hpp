#pragma once

#include <chrono>
#include <string>

namespace codelab::base {

/// UTC wall time in microseconds: what rows and events store.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// The only source of wall time, injected so that tests own it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Timestamp now() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
};

/// RFC 3339 in UTC with microseconds and `Z`: `2026-01-02T03:04:05.000006Z`.
std::string to_rfc3339(Timestamp time);

inline std::int64_t to_micros(Timestamp time) { return time.time_since_epoch().count(); }
inline Timestamp from_micros(std::int64_t micros) { return Timestamp{std::chrono::microseconds{micros}}; }

}  // namespace codelab::base
