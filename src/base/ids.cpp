#include "base/ids.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>

#include <sodium.h>

namespace codelab::base {
namespace {

/// The 12 bits after the version and the 62 after the variant count as one monotonic counter within a millisecond:
/// a fresh random start each millisecond, plus one for each further id (RFC 9562, 6.2, method 2).
struct V7State {
  std::mutex mutex;
  std::uint64_t millis = 0;
  std::uint64_t counter = 0;
};

struct V7Parts {
  std::uint64_t millis;
  std::uint64_t counter;
};

V7Parts next_parts() {
  static V7State state;
  const auto now = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
  const std::scoped_lock lock(state.mutex);
  if (now > state.millis) {
    state.millis = now;
    state.counter = randombytes_random() & 0x1fffffffU;
  } else {
    ++state.counter;
  }
  return {state.millis, state.counter};
}

/// Random bytes are fetched for many ids at once: each fetch is a system call.
void take_random(std::uint8_t* out, std::size_t count) {
  thread_local std::array<std::uint8_t, 1536> pool;
  thread_local std::size_t used = pool.size();
  if (pool.size() - used < count) {
    randombytes_buf(pool.data(), pool.size());
    used = 0;
  }
  std::copy_n(pool.data() + used, count, out);
  used += count;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr bool is_dash_position(std::size_t index) { return index == 8 || index == 13 || index == 18 || index == 23; }

}  // namespace

UuidBytes generate_uuid_v7() {
  const V7Parts parts = next_parts();
  UuidBytes bytes{};
  for (int i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(parts.millis >> (40 - 8 * i));
  bytes[6] = static_cast<std::uint8_t>(0x70U | ((parts.counter >> 26) & 0x0fU));
  bytes[7] = static_cast<std::uint8_t>(parts.counter >> 18);
  bytes[8] = static_cast<std::uint8_t>(0x80U | ((parts.counter >> 12) & 0x3fU));
  bytes[9] = static_cast<std::uint8_t>(parts.counter >> 4);
  take_random(bytes.data() + 10, 6);
  bytes[10] = static_cast<std::uint8_t>(((parts.counter & 0x0fU) << 4) | (bytes[10] & 0x0fU));
  return bytes;
}

std::string format_uuid(const UuidBytes& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (const std::uint8_t byte : bytes) {
    if (is_dash_position(text.size())) text.push_back('-');
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 0x0f]);
  }
  return text;
}

std::optional<UuidBytes> parse_uuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  UuidBytes bytes{};
  std::size_t out = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (is_dash_position(i)) {
      if (text[i++] != '-') return std::nullopt;
      continue;
    }
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[out++] = static_cast<std::uint8_t>(high << 4 | low);
    i += 2;
  }
  return bytes;
}

}  // namespace codelab::base
