#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "infra/redis/address.hpp"

namespace codelab::infra::redis {

using SteadyTime = std::chrono::steady_clock::time_point;

struct Options {
  Address address;
  /// PEM file of the authorities that may vouch for a TLS server; empty: the system's.
  std::string ca_file;

  /// For a call that names none: from the call to its answer, waiting for a connection included.
  std::chrono::milliseconds call_timeout{500};
  /// Name lookup, TCP, TLS, login.
  std::chrono::milliseconds connect_timeout{2'000};
  /// A connection that leaves a PING unanswered for `ping_timeout` is replaced.
  std::chrono::milliseconds ping_interval{5'000};
  std::chrono::milliseconds ping_timeout{2'000};
  /// Between two attempts to connect: doubles from the first to the last, each shortened by chance by up to a half.
  std::chrono::milliseconds first_backoff{50};
  std::chrono::milliseconds last_backoff{2'000};

  /// Of one connection: commands that wait for their replies, and bytes that wait to be sent. What comes past either
  /// is refused.
  std::size_t max_commands = 8'192;
  std::size_t max_bytes = 32UL << 20;
};

}  // namespace codelab::infra::redis
