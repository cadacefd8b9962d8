#include "infra/embedded_models/hashing_encoder.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <utf8proc.h>

#include "infra/embedded_models/unicode.hpp"

namespace codelab::infra::embedded_models {
namespace {

constexpr std::size_t kShortestGram = 3;
constexpr std::size_t kShortestUncasedGram = 2;
constexpr std::size_t kLongestGram = 5;
constexpr char32_t kWordEdge = U' ';
constexpr std::uint64_t kWordSeed = 0x51ED270B9F4C1D37;
constexpr std::uint64_t kGramSeed = 0xA0761D6478BD642F;

constexpr std::uint64_t mix(std::uint64_t hash, char32_t c) {
  hash = (hash ^ c) * 0x9E3779B97F4A7C15;
  return hash ^ hash >> 32;
}

enum class CharacterKind : std::uint8_t { separator, symbol, cased_word, uncased_word };

CharacterKind kind_by_category(char32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LO:
      return CharacterKind::uncased_word;
    case UTF8PROC_CATEGORY_SM:
    case UTF8PROC_CATEGORY_SC:
    case UTF8PROC_CATEGORY_SK:
    case UTF8PROC_CATEGORY_SO:
      return CharacterKind::symbol;
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharacterKind::cased_word;
    default:
      return CharacterKind::separator;
  }
}

constexpr char32_t kAsciiEnd = 0x80;

CharacterKind kind_of(char32_t c) {
  static const auto kAscii = [] {
    std::array<CharacterKind, kAsciiEnd> kinds;
    for (char32_t each = 0; each < kAsciiEnd; ++each) kinds[each] = kind_by_category(each);
    return kinds;
  }();
  return c < kAsciiEnd ? kAscii[c] : kind_by_category(c);
}

/// How often each feature occurs: open addressing, at most three quarters full.
class FeatureCounts {
 public:
  struct Slot {
    std::uint64_t feature = 0;
    std::uint32_t count = 0;
  };

  explicit FeatureCounts(std::size_t expected) : slots_(std::bit_ceil(expected + expected / 2 + 1)) {}

  void add(std::uint64_t feature) {
    Slot& slot = slot_of(feature);
    if (slot.count++ != 0) return;
    slot.feature = feature;
    if (++features_ > slots_.size() / 4 * 3) grow();
  }

  const std::vector<Slot>& slots() const { return slots_; }

 private:
  Slot& slot_of(std::uint64_t feature) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = feature & mask;
    while (slots_[at].count != 0 && slots_[at].feature != feature) at = (at + 1) & mask;
    return slots_[at];
  }

  void grow() {
    const auto old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
    for (const auto& slot : old) {
      if (slot.count != 0) slot_of(slot.feature) = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t features_ = 0;
};

/// `padded` is the word between two kWordEdge, or without them where words are not set apart.
void count_word(std::u32string_view padded, FeatureCounts& counts) {
  std::uint64_t whole = kWordSeed;
  for (const char32_t c : padded) whole = mix(whole, c);
  counts.add(whole);
  for (std::size_t start = 0; start < padded.size(); ++start) {
    const bool uncased = kind_of(padded[start]) == CharacterKind::uncased_word;
    const std::size_t shortest = uncased ? kShortestUncasedGram : kShortestGram;
    const auto longest = std::min(kLongestGram, padded.size() - start);
    std::uint64_t gram = kGramSeed;
    for (std::size_t length = 1; length <= longest; ++length) {
      gram = mix(gram, padded[start + length - 1]);
      if (length >= shortest) counts.add(gram);
    }
  }
}

FeatureCounts count_features(std::u32string_view text) {
  // Most texts have two different features a character, few have more than that.
  FeatureCounts counts(text.size() * 2);
  std::u32string word;
  const auto finish_word = [&] {
    if (word.empty()) return;
    if (word.front() == kWordEdge) word.push_back(kWordEdge);
    count_word(word, counts);
    word.clear();
  };
  for (const char32_t c : text) {
    const CharacterKind kind = kind_of(c);
    if (kind == CharacterKind::separator || kind == CharacterKind::symbol) finish_word();
    if (kind == CharacterKind::separator) continue;
    if (word.empty() && kind != CharacterKind::uncased_word) word.push_back(kWordEdge);
    word.push_back(c);
    if (kind == CharacterKind::symbol) finish_word();
  }
  finish_word();
  return counts;
}

std::string_view readable_prefix(std::string_view utf8) {
  if (utf8.size() <= HashingEncoder::kMaxBytes) return utf8;
  std::size_t end = HashingEncoder::kMaxBytes;
  while (end > 0 && (static_cast<unsigned char>(utf8[end]) & 0xC0U) == 0x80U) --end;
  return utf8.substr(0, end);
}

}  // namespace

HashingEncoder::HashingEncoder(std::size_t dimensions) : dimensions_(dimensions) { assert(dimensions > 0); }

std::vector<float> HashingEncoder::encode(std::string_view utf8) const {
  const FeatureCounts counts = count_features(normalize_caseless(readable_prefix(utf8)));
  std::vector<float> vector(dimensions_);
  for (const auto& [feature, count] : counts.slots()) {
    if (count == 0) continue;
    // A word said ten times is not ten times as telling.
    const float weight = count == 1 ? 1.0F : 1.0F + std::log(static_cast<float>(count));
    const std::size_t dimension = (feature >> 32) * dimensions_ >> 32;
    vector[dimension] += (feature & 1) == 0 ? weight : -weight;
  }
  float squares = 0;
  for (const float value : vector) squares += value * value;
  if (squares > 0) {
    const float factor = 1 / std::sqrt(squares);
    for (float& value : vector) value *= factor;
  }
  return vector;
}

}  // namespace codelab::infra::embedded_models
