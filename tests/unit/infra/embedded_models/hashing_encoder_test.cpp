#include "infra/embedded_models/hashing_encoder.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace codelab::infra::embedded_models {
namespace {

float cosine(const char* a, const char* b) {
  const HashingEncoder encoder;
  const auto x = encoder.encode(a);
  const auto y = encoder.encode(b);
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0F);
}

float length(const std::vector<float>& vector) {
  return std::sqrt(std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0F));
}

std::size_t used_dimensions(const std::vector<float>& vector) {
  return vector.size() - static_cast<std::size_t>(std::ranges::count(vector, 0.0F));
}

TEST(HashingEncoderTest, GivesUnitVectorsOfTheAskedDimensions) {
  for (const std::size_t dimensions : {std::size_t{1}, std::size_t{512}, HashingEncoder::kDefaultDimensions}) {
    const auto vector = HashingEncoder(dimensions).encode("the quick brown fox");
    EXPECT_EQ(vector.size(), dimensions);
    EXPECT_NEAR(length(vector), 1.0F, 1e-5F);
  }
}

TEST(HashingEncoderTest, GivesZerosForATextWithoutWords) {
  for (const char* text : {"", "   ", "\n\t", "...!?", "\xE2\x80\x8B"}) {
    const auto vector = HashingEncoder().encode(text);
    EXPECT_EQ(used_dimensions(vector), 0U) << text;
  }
}

TEST(HashingEncoderTest, KeepsItsVectorsFromReleaseToRelease) {
  // Stored vectors are compared with new ones: when this fails, the model's name must change with it.
  const auto vector = HashingEncoder(16).encode("Stored vectors stay valid: да, 数据!");
  const std::vector<float> stored = {-0.119615F, -0.358845F, 0.119615F, -0.239230F, 0.239230F, -0.441755F,
                                     0.119615F,  0.239230F,  0.000000F, 0.322140F,  0.119615F, -0.239230F,
                                     -0.358845F, 0.119615F,  0.358845F, 0.119615F};
  ASSERT_EQ(vector.size(), stored.size());
  for (std::size_t i = 0; i < vector.size(); ++i) EXPECT_NEAR(vector[i], stored[i], 1e-5F) << i;
}

TEST(HashingEncoderTest, FoldsCaseAndCompatibleForms) {
  EXPECT_NEAR(cosine("Hello, WORLD", "hello world"), 1.0F, 1e-5F);
  EXPECT_NEAR(cosine("ПРИВЕТ Мир", "привет мир"), 1.0F, 1e-5F);
  EXPECT_NEAR(cosine("STRASSE", "straße"), 1.0F, 1e-5F);
  EXPECT_NEAR(cosine("ＡＢＣ ﬁne", "abc fine"), 1.0F, 1e-5F);
  EXPECT_NEAR(cosine("cafe\u0301", "café"), 1.0F, 1e-5F);
}

TEST(HashingEncoderTest, PutsTextsWithSharedWordsNearer) {
  const char* question = "which database does the billing service use";
  EXPECT_GT(cosine(question, "The billing service keeps its data in the PostgreSQL database."),
            cosine(question, "Our cat sleeps on the warm keyboard.") + 0.2F);
}

TEST(HashingEncoderTest, RecognisesAnInflectedOrMistypedWord) {
  EXPECT_GT(cosine("документация", "документацию"), 0.6F);
  EXPECT_GT(cosine("deployment", "deploymnet"), 0.3F);
  EXPECT_LT(std::abs(cosine("deployment", "cat")), 0.2F);
}

TEST(HashingEncoderTest, FindsAShortWordInsideUnspacedText) {
  EXPECT_GT(cosine("数据", "我们把数据保存在这里"), 0.1F);
  EXPECT_LT(std::abs(cosine("猫咪", "我们把数据保存在这里")), 0.08F);
}

TEST(HashingEncoderTest, SeesSymbolsAndEmoji) {
  EXPECT_NEAR(cosine("🚀", "!! 🚀 ..."), 1.0F, 1e-5F);
  EXPECT_LT(std::abs(cosine("🚀", "🐱")), 0.5F);
}

TEST(HashingEncoderTest, WeighsRepetitionLessThanInProportion) {
  EXPECT_GT(cosine("cat dog cat cat cat cat cat cat cat", "dog"), 0.2F);
}

TEST(HashingEncoderTest, ReadsNoFurtherThanItsLimit) {
  const HashingEncoder encoder;
  std::string text;
  while (text.size() < HashingEncoder::kMaxBytes) text += "слово ";
  const auto end = text.rfind(' ', HashingEncoder::kMaxBytes - 1);
  const auto whole = encoder.encode(text + "something else entirely");
  EXPECT_NEAR(length(whole), 1.0F, 1e-5F);
  EXPECT_LE(used_dimensions(whole), used_dimensions(encoder.encode(text.substr(0, end))) + 12);
}

TEST(HashingEncoderTest, TakesAnyBytes) {
  EXPECT_NEAR(length(HashingEncoder().encode("caf\xE9 \xFF\xFE ok")), 1.0F, 1e-5F);
  EXPECT_NEAR(length(HashingEncoder().encode(std::string_view("a\0b", 3))), 1.0F, 1e-5F);
}

}  // namespace
}  // namespace codelab::infra::embedded_models
