#include "infra/words/word_index.hpp"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "infra/words/bm25.hpp"

namespace codelab::infra::words {
namespace {

constexpr std::size_t kMaxRows = 100;

CountedText text(const std::vector<std::string>& words) {
  std::map<std::string, std::uint8_t> counts;
  std::size_t length = 0;
  for (const auto& word : words) {
    ++counts[word];
    length += word.size() + 1;
  }
  CountedText counted{.words = {}, .length = length};
  for (const auto& [stem, count] : counts) counted.words.push_back({stem, count});
  return counted;
}

std::map<std::int64_t, double> scores(const WordIndex& index, const WordQuery& query) {
  std::map<std::int64_t, double> found;
  const auto hits = index.search(query).value();
  for (const auto& hit : hits) found.emplace(hit.row_id, hit.score);
  return found;
}

std::vector<std::int64_t> best(const WordIndex& index, const WordQuery& query) {
  auto hits = index.search(query).value();
  std::ranges::sort(hits, std::greater(), &WordHit::score);
  std::vector<std::int64_t> rows;
  for (const auto& hit : hits) rows.push_back(hit.row_id);
  return rows;
}

TEST(WordIndex, ScoresAsBm25Does) {
  WordIndex index(kMaxRows);
  index.add(1, text({"dog", "barks", "dog"}));
  index.add(2, text({"cat"}));
  const auto found = scores(index, {.stems = {"dog", "cow"}, .wanted = 5});
  const Bm25 scorer({.documents = 2, .average_length = 9}, std::vector{1.0, 0.0});
  ASSERT_EQ(found.size(), 1);
  EXPECT_NEAR(found.at(1), scorer.score(std::vector<std::uint8_t>{2, 0}, 14), 1e-12);
}

TEST(WordIndex, GivesTheBestAndThoseThatAreAskedFor) {
  WordIndex index(kMaxRows);
  index.add(1, text({"dog", "cat"}));
  index.add(2, text({"dog"}));
  index.add(3, text({"dog", "cat", "cow", "hen"}));
  index.add(4, text({"cow"}));
  const std::vector<std::string> stems{"dog", "cat"};
  EXPECT_EQ(best(index, {.stems = stems, .wanted = 1}), (std::vector<std::int64_t>{1}));
  const std::vector<std::int64_t> also{1, 3, 4, 99};
  EXPECT_EQ(best(index, {.stems = stems, .wanted = 1, .also = also}), (std::vector<std::int64_t>{1, 3}));
}

TEST(WordIndex, OfEqualsTheNewerIsBetter) {
  WordIndex index(kMaxRows);
  for (std::int64_t row = 1; row <= 9; ++row) index.add(row, text({"dog"}));
  EXPECT_EQ(best(index, {.stems = {"dog"}, .wanted = 1}), std::vector<std::int64_t>{9});
}

TEST(WordIndex, LooksAtAndCountsAllowedRowsOnly) {
  WordIndex index(kMaxRows);
  index.add(1, text({"dog"}));
  index.add(2, text({"dog"}));
  index.add(3, text({"cat"}));
  const std::vector<std::int64_t> allowed{2, 3, 77};
  const auto found = scores(index, {.stems = {"dog"}, .wanted = 5, .allowed = allowed});
  const Bm25 scorer({.documents = 3, .average_length = 4}, std::vector{1.0});
  ASSERT_EQ(found.size(), 1);
  EXPECT_NEAR(found.at(2), scorer.score(std::vector<std::uint8_t>{1}, 4), 1e-12);
}

TEST(WordIndex, ForgetsWhatIsRemovedOrReplaced) {
  WordIndex index(kMaxRows);
  const auto empty = index.bytes();
  index.add(1, text({"dog", "cat"}));
  index.add(2, text({"dog"}));
  index.add(1, text({"hen"}));
  EXPECT_EQ(best(index, {.stems = {"dog"}, .wanted = 5}), std::vector<std::int64_t>{2});
  EXPECT_EQ(best(index, {.stems = {"hen"}, .wanted = 5}), std::vector<std::int64_t>{1});
  EXPECT_TRUE(index.remove(1));
  EXPECT_FALSE(index.remove(1));
  EXPECT_TRUE(best(index, {.stems = {"hen", "cat"}, .wanted = 5}).empty());
  index.remove(2);
  EXPECT_EQ(index.bytes(), empty);
  EXPECT_TRUE(index.search({.stems = {"dog"}, .wanted = 5}).value().empty());
}

TEST(WordIndex, GivesUpPastItsBound) {
  WordIndex index(2);
  for (std::int64_t row : {1, 2, 2, 1}) index.add(row, text({"dog"}));
  EXPECT_TRUE(index.search({.stems = {"dog"}, .wanted = 5}));
  index.add(3, text({"dog"}));
  EXPECT_FALSE(index.search({.stems = {"dog"}, .wanted = 5}));
  index.remove(1);
  index.add(4, text({"dog"}));
  EXPECT_FALSE(index.search({.stems = {"dog"}, .wanted = 5}));
}

}  // namespace
}  // namespace codelab::infra::words
