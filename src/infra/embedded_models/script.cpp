#include "infra/embedded_models/script.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include <utf8proc.h>

#include "infra/embedded_models/unicode.hpp"

namespace codelab::infra::embedded_models {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// The blocks of Unicode that hold Latin letters; what else stands in them is told apart by its category.
constexpr std::array kLatinBlocks = {
    Range{0x0041, 0x005A},    // A-Z
    Range{0x0061, 0x007A},    // a-z
    Range{0x00AA, 0x02AF},    // Latin-1, Extended-A, Extended-B, IPA
    Range{0x1D00, 0x1DBF},    // Phonetic Extensions
    Range{0x1E00, 0x1EFF},    // Extended Additional
    Range{0x2C60, 0x2C7F},    // Extended-C
    Range{0xA722, 0xA7FF},    // Extended-D
    Range{0xAB30, 0xAB6F},    // Extended-E
    Range{0xFB00, 0xFB06},    // ligatures
    Range{0xFF21, 0xFF3A},    // full-width A-Z
    Range{0xFF41, 0xFF5A},    // full-width a-z
    Range{0x10780, 0x107BF},  // Extended-F
    Range{0x1DF00, 0x1DFFF},  // Extended-G
};

bool is_letter(char32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool is_in_latin_block(char32_t c) {
  return std::ranges::any_of(kLatinBlocks, [c](Range block) { return c >= block.first && c <= block.last; });
}

}  // namespace

bool is_mostly_latin(std::string_view utf8) {
  std::size_t letters = 0;
  std::size_t latin = 0;
  for (const char32_t c : decode_utf8(utf8)) {
    if (!is_letter(c)) continue;
    ++letters;
    if (is_in_latin_block(c)) ++latin;
  }
  return letters == 0 || 2 * latin > letters;
}

}  // namespace codelab::infra::embedded_models
