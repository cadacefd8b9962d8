#include "infra/embedded_models/unigram_tokenizer.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace codelab::infra::embedded_models {
namespace {

using Ids = std::vector<std::int32_t>;

/// Ids 0-5 are reserved, so the first piece that a text can be cut into is 6.
UnigramTokenizer tokenizer_of(std::vector<UnigramTokenizer::Piece> pieces) {
  std::vector<UnigramTokenizer::Piece> all(6, {U"<reserved>", 0});
  all.insert(all.end(), pieces.begin(), pieces.end());
  return UnigramTokenizer(all);
}

TEST(UnigramTokenizerTest, ChoosesTheMostProbableCut) {
  const auto tokenizer = tokenizer_of({{U"▁", -1}, {U"▁a", -2}, {U"b", -3}, {U"a", -3}, {U"ab", -2.5}, {U"▁ab", -9}});
  EXPECT_EQ(tokenizer.encode("ab", 9), (Ids{6, 10}));
  EXPECT_EQ(tokenizer.encode("a b", 9), (Ids{7, 6, 8}));
}

TEST(UnigramTokenizerTest, LetsTheLaterStartWinATie) {
  const auto tokenizer = tokenizer_of({{U"▁", -1}, {U"▁a", -2}, {U"a", -1}});
  EXPECT_EQ(tokenizer.encode("a", 9), (Ids{6, 8}));
}

TEST(UnigramTokenizerTest, GivesNeighbouringUnknownsOneId) {
  const auto tokenizer = tokenizer_of({{U"▁", -1}, {U"a", -1}});
  EXPECT_EQ(tokenizer.encode("xyzaxx x", 9), (Ids{6, 0, 7, 0, 6, 0}));
}

TEST(UnigramTokenizerTest, MarksEverySpaceAndTheBeginning) {
  const auto tokenizer = tokenizer_of({{U"▁", -1}, {U"a", -1}});
  EXPECT_EQ(tokenizer.encode("", 9), Ids{});
  EXPECT_EQ(tokenizer.encode(" ", 9), (Ids{6, 6}));
  EXPECT_EQ(tokenizer.encode(" a  a", 9), (Ids{6, 6, 7, 6, 6, 7}));
  EXPECT_EQ(tokenizer.encode("a\u00A0a\u3000a", 9), (Ids{6, 7, 6, 7, 6, 7}));
}

TEST(UnigramTokenizerTest, NormalisesBeforeItCuts) {
  const auto tokenizer = tokenizer_of({{U"▁", -1}, {U"f", -1}, {U"i", -1}, {U"é", -1}, {U"A", -1}});
  EXPECT_EQ(tokenizer.encode("ﬁe\u0301Ａ", 9), (Ids{6, 7, 8, 9, 10}));
}

TEST(UnigramTokenizerTest, StopsAtTheLimit) {
  const auto tokenizer = tokenizer_of({{U"▁", -1}, {U"a", -1}});
  EXPECT_EQ(tokenizer.encode("aaa aaa", 3), (Ids{6, 7, 7}));
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "a ";
  EXPECT_EQ(tokenizer.encode(text, 4), (Ids{6, 7, 6, 7}));
}

TEST(UnigramTokenizerTest, FindsNoReservedPieceInAText) {
  const auto tokenizer = tokenizer_of({{U"▁", -1}});
  EXPECT_EQ(tokenizer.encode("<reserved>", 9), (Ids{6, 0}));
}

}  // namespace
}  // namespace codelab::infra::embedded_models
