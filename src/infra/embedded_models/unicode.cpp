#include "infra/embedded_models/unicode.hpp"

#include <algorithm>
#include <new>
#include <vector>

#include <utf8proc.h>

namespace codelab::infra::embedded_models {
namespace {

constexpr char32_t kReplacement = U'\uFFFD';

const utf8proc_uint8_t* bytes(std::string_view text) { return reinterpret_cast<const utf8proc_uint8_t*>(text.data()); }

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Takes the first code point off `text`, which is not empty; U+FFFD for a byte that begins none.
char32_t take_code_point(std::string_view& text) {
  utf8proc_int32_t code_point = 0;
  const auto length = utf8proc_iterate(bytes(text), static_cast<utf8proc_ssize_t>(text.size()), &code_point);
  text.remove_prefix(length > 0 ? static_cast<std::size_t>(length) : 1);
  return length > 0 ? static_cast<char32_t>(code_point) : kReplacement;
}

std::string replace_invalid(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    const std::string_view before = text;
    const bool invalid = take_code_point(text) == kReplacement;
    valid += invalid ? std::string_view("\uFFFD") : before.substr(0, before.size() - text.size());
  }
  return valid;
}

std::u32string normalize(std::string_view text, int options) {
  const auto flags = static_cast<utf8proc_option_t>(options | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_STABLE);
  const auto decompose = [&](std::vector<utf8proc_int32_t>& into) {
    return utf8proc_decompose(bytes(text), static_cast<utf8proc_ssize_t>(text.size()), into.data(),
                              static_cast<utf8proc_ssize_t>(into.size()), flags);
  };
  std::vector<utf8proc_int32_t> points(text.size() + 1);
  auto length = decompose(points);
  if (length == UTF8PROC_ERROR_INVALIDUTF8) return normalize(replace_invalid(text), options);
  // utf8proc writes one value past the sequence when it composes, so there must be room to spare.
  if (length >= static_cast<utf8proc_ssize_t>(points.size())) {
    points.resize(static_cast<std::size_t>(length) + 1);
    length = decompose(points);
  }
  if (length >= 0) length = utf8proc_normalize_utf32(points.data(), length, flags);
  if (length < 0) throw std::bad_alloc();  // the errors left are lack of memory and overflow
  return {points.begin(), points.begin() + length};
}

}  // namespace

std::u32string decode_utf8(std::string_view utf8) {
  std::u32string points;
  while (!utf8.empty()) points.push_back(take_code_point(utf8));
  return points;
}

std::u32string normalize_compatible(std::string_view utf8) {
  if (is_ascii(utf8)) return {utf8.begin(), utf8.end()};
  return normalize(utf8, 0);
}

std::u32string normalize_caseless(std::string_view utf8) {
  if (!is_ascii(utf8)) return normalize(utf8, UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
  std::u32string folded(utf8.begin(), utf8.end());
  for (char32_t& c : folded) {
    if (c >= U'A' && c <= U'Z') c += U'a' - U'A';
  }
  return folded;
}

}  // namespace codelab::infra::embedded_models
