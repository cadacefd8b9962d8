#include "infra/words/text_words.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include <gtest/gtest.h>

#include "infra/sqlite/database.hpp"
#include "infra/sqlite/lexical_search.hpp"
#include "tests/contract/run_task.hpp"
#include "tests/contract/store_doubles.hpp"
#include "tests/contract/temporary_folder.hpp"

namespace codelab::infra::words {
namespace {

using Stems = std::vector<std::string>;

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// Text in pieces of some dozens of words.
std::vector<std::string> pieces_of(const std::string& text) {
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < text.size(); at += 300) pieces.push_back(text.substr(at, 300));
  return pieces;
}

TEST(TextWords, a_word_in_its_forms_has_one_stem) {
  EXPECT_EQ(query_stems("connect connected connecting connection connections"), Stems{"connect"});
  EXPECT_EQ(query_stems("dogs?"), Stems{"dog"});
}

TEST(TextWords, letters_and_digits_make_words_and_all_else_parts_them) {
  EXPECT_EQ(query_stems("x1_y2-z3 (CAFÉ) Über-ümlaut"), (Stems{"x1", "y2", "z3", "cafe", "uber", "umlaut"}));
  EXPECT_EQ(query_stems("\"'; DROP\xff*\xfeTABLE \n\0"), (Stems{"drop", "tabl"}));
  EXPECT_EQ(query_stems("Cafe\xCC\x81"), Stems{"cafe"}) << "a combining mark belongs to its letter";
  EXPECT_TRUE(query_stems("?! ...").empty());
  EXPECT_TRUE(query_stems("").empty());
}

TEST(TextWords, other_scripts_are_folded_and_kept_whole) {
  EXPECT_EQ(query_stems("Ёлка МОЙ пароль 密码"), (Stems{"ёлка", "мой", "пароль", "密码"}));
}

TEST(TextWords, a_query_has_its_longest_words_only) {
  std::string text;
  for (char c = 'a'; c <= 'z'; ++c) text += std::string(3, c) + ' ';
  const auto stems = query_stems(text + "zephyrantes");
  EXPECT_EQ(stems.size(), 16);
  EXPECT_EQ(stems.front(), "zephyrant");
}

TEST(TextWords, how_often_a_word_stands_in_a_text_is_counted) {
  const auto counted = count_words("dog Dogs cat DOG");
  EXPECT_EQ(counted.length, 16);
  ASSERT_EQ(counted.words.size(), 2);
  EXPECT_EQ(counted.words[0].stem, "dog");
  EXPECT_EQ(counted.words[0].count, 3);
  EXPECT_EQ(counted.words[1].count, 1);
}

TEST(TextWords, a_long_word_is_known_by_its_beginning) {
  const auto counted = count_words(std::string(100, 'a') + ' ' + std::string(200, 'a'));
  ASSERT_EQ(counted.words.size(), 1);
  EXPECT_EQ(counted.words[0].stem, std::string(64, 'a'));
}

/// What this project says of itself: some thousands of different words.
TEST(TextWords, the_stems_are_those_that_sqlite_finds) {
  const tests::TemporaryFolder folder;
  const tests::SteppingClock clock;
  tests::RecordingRelay relay;
  sqlite::StoreObserver observer;
  sqlite::Database database({.folder = folder.path()}, clock, relay, observer);
  const auto root = std::filesystem::path(__FILE__).parent_path() / "../../../..";
  std::set<std::string> seen;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root / "docs")) {
    if (entry.path().extension() != ".md") continue;
    for (const auto& piece : pieces_of(read(entry.path()))) {
      const auto theirs = tests::run_task(
          database.readers().run("words", [&](sqlite::Connection& sql) { return sqlite::words_of(sql, piece).stems; }));
      auto ours = count_words(piece).words;
      ours.resize(std::min(ours.size(), theirs.size()));
      ASSERT_EQ(ours.size(), theirs.size()) << piece;
      for (std::size_t i = 0; i < theirs.size(); ++i) {
        EXPECT_EQ(ours[i].stem, theirs[i]) << piece;
        seen.insert(theirs[i]);
      }
    }
  }
  EXPECT_GT(seen.size(), 1'000);
}

}  // namespace
}  // namespace codelab::infra::words
