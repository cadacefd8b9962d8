#include "infra/words/tokenizer.hpp"

#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace codelab::infra::words {
namespace {

using testing::ElementsAre;
using testing::Pair;

std::map<std::string, int> counts_of(const CountedText& text) {
  std::map<std::string, int> counts;
  for (const auto& word : text.words) counts[word.stem] = word.count;
  return counts;
}

TEST(Tokenizer, CountsStemsWithoutCaseAndAccents) {
  Tokenizer tokenizer;
  const auto counted = tokenizer.counted("The DOG barks; two dogs barked. Caf\u00e9!");
  EXPECT_THAT(counts_of(counted),
              ElementsAre(Pair("bark", 2), Pair("cafe", 1), Pair("dog", 2), Pair("the", 1), Pair("two", 1)));
}

TEST(Tokenizer, ATextsLengthIsThatOfItsBytes) {
  Tokenizer tokenizer;
  EXPECT_EQ(tokenizer.counted("a b").length, 3);
  EXPECT_TRUE(tokenizer.counted("").words.empty());
  EXPECT_EQ(tokenizer.counted("?!").words.size(), 0);
}

TEST(Tokenizer, CountsNoWordPastWhatFitsAByte) {
  Tokenizer tokenizer;
  std::string text;
  for (int i = 0; i < 300; ++i) text += "dog ";
  EXPECT_THAT(counts_of(tokenizer.counted(text)), ElementsAre(Pair("dog", 255)));
}

TEST(Tokenizer, KnowsALongWordByItsBeginning) {
  Tokenizer tokenizer;
  const auto counted = tokenizer.counted(std::string(1'000, 'x'));
  ASSERT_EQ(counted.words.size(), 1);
  EXPECT_EQ(counted.words[0].stem, std::string(kMaxWordBytes, 'x'));
}

TEST(Tokenizer, LooksForTheFirstWordsAndNoneThatIsFarTooLong) {
  Tokenizer tokenizer;
  std::string text = std::string(1'000, 'x') + ' ';
  for (std::size_t i = 0; i < 2 * kMaxQueryWords; ++i) text += "n" + std::to_string(i) + ' ';
  const auto query = tokenizer.looked_for(text);
  EXPECT_EQ(query.stems.size(), kMaxQueryWords - 1);
  EXPECT_EQ(query.stems.front(), "n0");
  EXPECT_EQ(query.written.front(), "n0");
}

TEST(Tokenizer, AnswersManyThreadsAtOnce) {
  Tokenizer tokenizer;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&tokenizer, i] {
      const auto text = "dogs and number" + std::to_string(i);
      for (int n = 0; n < 200; ++n) {
        const auto counts = counts_of(tokenizer.counted(text));
        EXPECT_EQ(counts.size(), 3);
        EXPECT_EQ(counts.count("dog"), 1);
        EXPECT_EQ(counts.count("number" + std::to_string(i)), 1);
      }
    });
  }
}

}  // namespace
}  // namespace codelab::infra::words
