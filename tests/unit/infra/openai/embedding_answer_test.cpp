#include "infra/openai/embedding_answer.hpp"

#include <string>

#include <gtest/gtest.h>

namespace codelab::infra::openai {
namespace {

using Vectors = std::vector<std::vector<float>>;

std::string detail_of(std::string_view body, std::size_t expected = 1) {
  const auto answer = read_embedding_answer(body, expected);
  EXPECT_FALSE(answer) << body;
  return answer ? "" : answer.error().detail;
}

TEST(EmbeddingAnswerTest, VectorsAreNormalisedAndPutInOrder) {
  const auto answer = read_embedding_answer(
      R"({"data":[{"index":1,"embedding":[0,2]},{"index":0,"embedding":[3.0,4]}],"usage":{"prompt_tokens":5}})", 2);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->vectors, (Vectors{{0.6F, 0.8F}, {0.0F, 1.0F}}));
  EXPECT_EQ(answer->tokens.prompt_tokens, 5);
}

TEST(EmbeddingAnswerTest, Base64IsReadToo) {
  // The little-endian bytes of 3.0F and 4.0F.
  const auto answer = read_embedding_answer(R"({"data":[{"embedding":"AABAQAAAgEA="}]})", 1);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->vectors, (Vectors{{0.6F, 0.8F}}));
}

TEST(EmbeddingAnswerTest, AWrongCountIsRefused) {
  EXPECT_NE(detail_of(R"({"data":[]})").find("0 vectors for 1 texts"), std::string::npos);
  EXPECT_NE(detail_of(R"({"data":[{"embedding":[1]},{"embedding":[1]}]})").find("2 vectors"), std::string::npos);
}

TEST(EmbeddingAnswerTest, WhatIsNoVectorIsRefused) {
  for (const char* embedding :
       {"7", "null", "\"AAA\"", "\"AA!AQAAAgEA=\"", "[1,\"x\"]", "[]", "[0,0]", "[1e400]", "{}"}) {
    detail_of(std::string(R"({"data":[{"embedding":)") + embedding + "}]}");
  }
  for (const char* body : {"", "[]", "{}", R"({"data":7})", R"({"data":[7]})", R"({"data":[{}]})", "<html>"}) {
    detail_of(body);
  }
}

TEST(EmbeddingAnswerTest, WrongIndexesAreRefused) {
  for (const char* index : {"0", "2", "-1", "\"x\""}) {
    const auto body = std::string(R"({"data":[{"index":0,"embedding":[1]},{"embedding":[1],"index":)") + index + "}]}";
    EXPECT_NE(detail_of(body, 2).find("wrong index at 1"), std::string::npos) << index;
  }
}

TEST(EmbeddingAnswerTest, DifferentDimensionsAreRefused) {
  EXPECT_NE(detail_of(R"({"data":[{"embedding":[1,2]},{"embedding":[1]}]})", 2).find("dimensions"), std::string::npos);
}

}  // namespace
}  // namespace codelab::infra::openai
