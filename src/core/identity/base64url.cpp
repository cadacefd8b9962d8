#include "core/identity/base64url.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace codelab::core::identity {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kMaxValue = 63;
constexpr std::uint8_t kInvalid = 0xff;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kInvalid);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}

constexpr std::array<std::uint8_t, 256> kValues = make_values();

}  // namespace

std::string encode_base64url(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<std::uint8_t>(c);
    for (count += 8; count >= 6; count -= 6) text.push_back(kAlphabet[bits >> (count - 6) & 0x3fU]);
  }
  if (count > 0) text.push_back(kAlphabet[bits << (6 - count) & 0x3fU]);
  return text;
}

std::optional<std::string> decode_base64url(std::string_view text) {
  const std::size_t tail = text.size() % 4;
  if (tail == 1) return std::nullopt;
  std::string bytes(text.size() * 3 / 4, '\0');
  char* out = bytes.data();
  std::uint32_t seen = 0;
  const auto value = [&](std::size_t at) -> std::uint32_t {
    const std::uint8_t bits = at < text.size() ? kValues[static_cast<std::uint8_t>(text[at])] : 0;
    seen |= bits;
    return bits;
  };
  std::uint32_t group = 0;
  for (std::size_t at = 0; at < text.size(); at += 4) {
    group = value(at) << 18 | value(at + 1) << 12 | value(at + 2) << 6 | value(at + 3);
    const std::size_t count = std::min<std::size_t>(3, static_cast<std::size_t>(bytes.data() + bytes.size() - out));
    for (std::size_t i = 0; i < count; ++i) *out++ = static_cast<char>(group >> (16 - 8 * i) & 0xffU);
  }
  const bool stray_bits = (tail == 2 && (group & 0xffffU) != 0) || (tail == 3 && (group & 0xffU) != 0);
  if (seen > kMaxValue || stray_bits) return std::nullopt;
  return bytes;
}

}  // namespace codelab::core::identity
