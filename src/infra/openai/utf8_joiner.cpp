#include "infra/openai/utf8_joiner.hpp"

#include <cstdint>

namespace codelab::infra::openai {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Shape {
  /// Of the whole sequence; 0: no sequence begins with this byte.
  std::size_t length;
  std::uint8_t second_min;
  std::uint8_t second_max;
};

/// Unicode 15, table 3-7.
Shape shape_of(std::uint8_t lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xC2 || lead > 0xF4) return {0, 0, 0};
  if (lead < 0xE0) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead < 0xF0) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {4, 0x80, 0xBF};
}

/// How many bytes at the front fit `shape`, at most its length.
std::size_t fitting(std::string_view bytes, const Shape& shape) {
  std::size_t count = 1;
  for (; count < shape.length && count < bytes.size(); ++count) {
    const auto byte = static_cast<std::uint8_t>(bytes[count]);
    const auto min = count == 1 ? shape.second_min : std::uint8_t{0x80};
    const auto max = count == 1 ? shape.second_max : std::uint8_t{0xBF};
    if (byte < min || byte > max) break;
  }
  return count;
}

/// Appends the whole sequences at the front of `bytes` and answers what is left: an incomplete one, or nothing.
std::string_view take_whole(std::string_view bytes, std::string& out) {
  while (!bytes.empty()) {
    const Shape shape = shape_of(static_cast<std::uint8_t>(bytes.front()));
    const std::size_t count = shape.length == 0 ? 1 : fitting(bytes, shape);
    if (count == shape.length) {
      out.append(bytes.substr(0, count));
    } else if (shape.length != 0 && count == bytes.size()) {
      break;
    } else {
      out.append(kReplacement);
    }
    bytes.remove_prefix(count);
  }
  return bytes;
}

}  // namespace

void Utf8Joiner::append(std::string_view bytes, std::string& out) {
  if (kept_.empty()) {
    kept_ = take_whole(bytes, out);
    return;
  }
  const std::string joined = kept_.append(bytes);
  kept_ = take_whole(joined, out);
}

void Utf8Joiner::flush(std::string& out) {
  if (kept_.empty()) return;
  out.append(kReplacement);
  kept_.clear();
}

}  // namespace codelab::infra::openai
