#include "infra/words/porter_stemmer.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace codelab::infra::words {
namespace {

/// SQLite leaves shorter and longer words alone.
constexpr std::size_t kMinBytes = 3;
constexpr std::size_t kMaxBytes = 64;

struct Rule {
  std::string_view suffix;
  std::string_view replacement;
};

constexpr std::array kStep2 = {
    Rule{"ational", "ate"}, Rule{"tional", "tion"}, Rule{"enci", "ence"},   Rule{"anci", "ance"}, Rule{"izer", "ize"},
    Rule{"logi", "log"},    Rule{"bli", "ble"},     Rule{"alli", "al"},     Rule{"entli", "ent"}, Rule{"eli", "e"},
    Rule{"ousli", "ous"},   Rule{"ization", "ize"}, Rule{"ation", "ate"},   Rule{"ator", "ate"},  Rule{"alism", "al"},
    Rule{"iveness", "ive"}, Rule{"fulness", "ful"}, Rule{"ousness", "ous"}, Rule{"aliti", "al"},  Rule{"iviti", "ive"},
    Rule{"biliti", "ble"},
};

constexpr std::array kStep3 = {
    Rule{"icate", "ic"}, Rule{"ative", ""}, Rule{"alize", "al"}, Rule{"iciti", "ic"},
    Rule{"ical", "ic"},  Rule{"ful", ""},   Rule{"ness", ""},
};

/// Where one suffix ends with another, the longer one comes first.
constexpr std::array<std::string_view, 18> kStep4 = {"al",   "ance", "ence",  "er",   "ic",  "able",
                                                     "ible", "ant",  "ement", "ment", "ent", "ou",
                                                     "ism",  "ate",  "iti",   "ous",  "ive", "ize"};

bool is_consonant(std::string_view word, std::size_t at) {
  switch (word[at]) {
    case 'a':
    case 'e':
    case 'i':
    case 'o':
    case 'u':
      return false;
    case 'y':
      return at == 0 || !is_consonant(word, at - 1);
    default:
      return true;
  }
}

bool has_vowel(std::string_view stem) {
  for (std::size_t at = 0; at < stem.size(); ++at) {
    if (!is_consonant(stem, at)) return true;
  }
  return false;
}

/// How often a vowel is followed by a consonant: Porter's m.
int measure(std::string_view stem) {
  int count = 0;
  for (std::size_t at = 1; at < stem.size(); ++at) {
    if (is_consonant(stem, at) && !is_consonant(stem, at - 1)) ++count;
  }
  return count;
}

/// Porter's *o: consonant, vowel, consonant, the last of them none of w, x and y.
bool ends_short(std::string_view stem) {
  const std::size_t size = stem.size();
  if (size < 3) return false;
  const char last = stem.back();
  return is_consonant(stem, size - 1) && !is_consonant(stem, size - 2) && is_consonant(stem, size - 3) && last != 'w' &&
         last != 'x' && last != 'y';
}

bool ends_with_double_consonant(std::string_view stem) {
  const std::size_t size = stem.size();
  return size >= 2 && stem[size - 1] == stem[size - 2] && is_consonant(stem, size - 1);
}

std::string_view without(std::string_view word, std::string_view suffix) {
  return word.substr(0, word.size() - suffix.size());
}

void replace(std::string& word, std::string_view suffix, std::string_view replacement) {
  word.resize(word.size() - suffix.size());
  word += replacement;
}

void cut_plural(std::string& word) {
  const bool twice = (word.size() > 4 && word.ends_with("sses")) || (word.size() > 3 && word.ends_with("ies"));
  if (twice) {
    word.resize(word.size() - 2);
  } else if (word.ends_with('s') && !word.ends_with("ss")) {
    word.pop_back();
  }
}

void mend_after_cut(std::string& word) {
  if (ends_with_double_consonant(word)) {
    if (!word.ends_with('l') && !word.ends_with('s') && !word.ends_with('z')) word.pop_back();
    return;
  }
  const bool lost_its_e = word.ends_with("at") || word.ends_with("bl") || word.ends_with("iz");
  if (lost_its_e || (measure(word) == 1 && ends_short(word))) word += 'e';
}

void cut_past_and_progressive(std::string& word) {
  if (word.ends_with("eed")) {
    if (measure(without(word, "eed")) > 0) word.pop_back();
    return;
  }
  for (const std::string_view suffix : {"ed", "ing"}) {
    if (!word.ends_with(suffix)) continue;
    if (has_vowel(without(word, suffix))) {
      replace(word, suffix, "");
      mend_after_cut(word);
    }
    return;
  }
}

/// The first rule whose suffix fits decides, whether its condition holds or not.
void apply_rules(std::string& word, std::span<const Rule> rules) {
  for (const Rule& rule : rules) {
    if (!word.ends_with(rule.suffix)) continue;
    if (measure(without(word, rule.suffix)) > 0) replace(word, rule.suffix, rule.replacement);
    return;
  }
}

void cut_last_suffix(std::string& word) {
  if (word.ends_with("ion")) {
    const auto stem = without(word, "ion");
    if ((stem.ends_with('s') || stem.ends_with('t')) && measure(stem) > 1) replace(word, "ion", "");
    return;
  }
  for (const std::string_view suffix : kStep4) {
    if (!word.ends_with(suffix)) continue;
    if (measure(without(word, suffix)) > 1) replace(word, suffix, "");
    return;
  }
}

void tidy_up(std::string& word) {
  if (word.ends_with('e')) {
    const auto stem = without(word, "e");
    const int count = measure(stem);
    if (count > 1 || (count == 1 && !ends_short(stem))) word.pop_back();
  }
  if (word.ends_with("ll") && measure(without(word, "l")) > 1) word.pop_back();
}

}  // namespace

void cut_to_stem(std::string& word) {
  if (word.size() < kMinBytes || word.size() > kMaxBytes) return;
  cut_plural(word);
  cut_past_and_progressive(word);
  if (word.ends_with('y') && has_vowel(without(word, "y"))) word.back() = 'i';
  apply_rules(word, kStep2);
  apply_rules(word, kStep3);
  cut_last_suffix(word);
  tidy_up(word);
}

}  // namespace codelab::infra::words
