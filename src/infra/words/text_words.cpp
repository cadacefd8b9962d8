#include "infra/words/text_words.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <unordered_map>
#include <utility>

#include <utf8proc.h>

#include "infra/words/porter_stemmer.hpp"

namespace codelab::infra::words {
namespace {

constexpr std::size_t kMaxStemBytes = 64;
constexpr std::size_t kMaxQueryWords = 64;
constexpr std::size_t kMaxLongest = 16;
/// A longer word is not looked for.
constexpr std::size_t kMaxWrittenBytes = 256;

struct FoundWord {
  std::string stem;
  std::size_t written_bytes = 0;
  std::uint8_t count = 0;
};

bool is_combining_mark(utf8proc_int32_t c) { return c >= 0x300 && c <= 0x36F; }

bool belongs_to_word(utf8proc_int32_t c) {
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
    case UTF8PROC_CATEGORY_CO:
      return true;
    default:
      return false;
  }
}

/// In the one form that its cases have; a Latin letter without its diacritics.
utf8proc_int32_t folded(utf8proc_int32_t c) {
  const auto lower = utf8proc_tolower(c);
  if (lower < 0x80) return lower;
  constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD);
  std::array<utf8proc_int32_t, 8> parts{};
  int boundary = 0;
  const auto count = utf8proc_decompose_char(lower, parts.data(), parts.size(), kOptions, &boundary);
  if (count == 1) return parts[0];
  const bool is_latin_with_mark = count > 1 && parts[0] < 0x80 && is_combining_mark(parts[1]);
  return is_latin_with_mark ? parts[0] : lower;
}

void append_utf8(std::string& out, utf8proc_int32_t c) {
  utf8proc_uint8_t bytes[4];
  const auto count = utf8proc_encode_char(c, bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
}

/// Hands out one word after the other.
class WordReader {
 public:
  explicit WordReader(std::string_view text) : rest_(text) {}

  /// Its folded form, not yet cut; empty at the end of the text.
  std::string next() {
    std::string word;
    written_bytes_ = 0;
    while (!rest_.empty()) {
      const auto [c, size] = look();
      const bool inside = c >= 0 && (belongs_to_word(c) || (!word.empty() && is_combining_mark(c)));
      if (!inside && !word.empty()) break;
      rest_.remove_prefix(size);
      if (!inside) continue;
      written_bytes_ += size;
      if (!is_combining_mark(c)) append_utf8(word, folded(c));
    }
    return word;
  }
  std::size_t written_bytes() const { return written_bytes_; }

 private:
  std::pair<utf8proc_int32_t, std::size_t> look() const {
    utf8proc_int32_t c = -1;
    const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(rest_.data()),
                                       static_cast<utf8proc_ssize_t>(rest_.size()), &c);
    if (size <= 0) return {-1, 1};
    return {c, static_cast<std::size_t>(size)};
  }

  std::string_view rest_;
  std::size_t written_bytes_ = 0;
};

std::vector<FoundWord> find_words(std::string_view text, std::size_t max_words) {
  std::vector<FoundWord> words;
  std::unordered_map<std::string, std::size_t> places;
  WordReader reader(text);
  for (auto word = reader.next(); !word.empty(); word = reader.next()) {
    cut_to_stem(word);
    if (word.size() > kMaxStemBytes) word.resize(kMaxStemBytes);
    const auto [place, is_new] = places.try_emplace(word, words.size());
    if (is_new && words.size() == max_words) break;
    if (is_new) words.push_back({std::move(word), reader.written_bytes(), 0});
    auto& count = words[place->second].count;
    if (count < std::numeric_limits<std::uint8_t>::max()) ++count;
  }
  return words;
}

}  // namespace

CountedText count_words(std::string_view text) {
  CountedText counted{.words = {}, .length = text.size()};
  for (auto& word : find_words(text, std::numeric_limits<std::size_t>::max())) {
    counted.words.push_back({std::move(word.stem), word.count});
  }
  return counted;
}

std::vector<std::string> query_stems(std::string_view text) {
  auto words = find_words(text, kMaxQueryWords);
  std::erase_if(words, [](const FoundWord& word) { return word.written_bytes > kMaxWrittenBytes; });
  if (words.size() > kMaxLongest) {
    std::ranges::stable_sort(words, std::greater(), &FoundWord::written_bytes);
    words.resize(kMaxLongest);
  }
  std::vector<std::string> stems;
  stems.reserve(words.size());
  for (auto& word : words) stems.push_back(std::move(word.stem));
  return stems;
}

}  // namespace codelab::infra::words
