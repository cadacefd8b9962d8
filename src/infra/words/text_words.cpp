#include "infra/words/text_words.hpp"

#include <utility>

namespace codelab::infra::words {
namespace {

/// A longer word is not looked for.
constexpr std::size_t kMaxWrittenBytes = 256;

}  // namespace

bool TextWords::take(std::string_view stem, std::size_t begin, std::size_t end) {
  const auto [place, is_new] = places.try_emplace(std::string(stem.substr(0, kMaxWordBytes)), words.size());
  if (is_new) {
    if (words.size() == max_words) return false;
    words.push_back({.stem = place->first, .count = 0, .begin = begin, .end = end});
  }
  auto& count = words[place->second].count;
  if (count < std::numeric_limits<std::uint8_t>::max()) ++count;
  return true;
}

CountedText TextWords::counted(std::size_t length) && {
  CountedText text{.words = {}, .length = length};
  text.words.reserve(words.size());
  for (auto& word : words) text.words.push_back({std::move(word.stem), word.count});
  return text;
}

QueryWords TextWords::looked_for(std::string_view text) && {
  QueryWords query;
  for (auto& word : words) {
    const auto bytes = word.end - word.begin;
    if (bytes > kMaxWrittenBytes) continue;
    query.stems.push_back(std::move(word.stem));
    query.written.emplace_back(text.substr(word.begin, bytes));
  }
  return query;
}

}  // namespace codelab::infra::words
