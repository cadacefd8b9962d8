#include "infra/openai/utf8_joiner.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace codelab::infra::openai {
namespace {

std::vector<std::string> pieces(std::vector<std::string> input) {
  Utf8Joiner joiner;
  std::vector<std::string> output;
  for (const std::string& piece : input) joiner.append(piece, output.emplace_back());
  joiner.flush(output.emplace_back());
  return output;
}

using Texts = std::vector<std::string>;
const std::string kBroken = "\xEF\xBF\xBD";

TEST(Utf8JoinerTest, WholeTextPassesAtOnce) { EXPECT_EQ(pieces({"aé€😀"}), (Texts{"aé€😀", ""})); }

TEST(Utf8JoinerTest, AnIncompleteCharacterWaitsForItsRest) {
  EXPECT_EQ(pieces({"a\xF0\x9F", "\x98", "\x80z"}), (Texts{"a", "", "😀z", ""}));
}

TEST(Utf8JoinerTest, WhatNeverCompletesBecomesAReplacement) {
  EXPECT_EQ(pieces({"a\xF0\x9F\x98"}), (Texts{"a", kBroken}));
  EXPECT_EQ(pieces({"\xF0\x9F", "a"}), (Texts{"", kBroken + "a", ""}));
}

TEST(Utf8JoinerTest, BytesThatNoCharacterHasBecomeReplacements) {
  EXPECT_EQ(pieces({"\x80\xFFz"})[0], kBroken + kBroken + "z");
  // An overlong slash, a surrogate, and what is past U+10FFFF.
  EXPECT_EQ(pieces({"\xC0\xAF"})[0], kBroken + kBroken);
  EXPECT_EQ(pieces({"\xED\xA0\x80"})[0], kBroken + kBroken + kBroken);
  EXPECT_EQ(pieces({"\xF4\x90\x80\x80"})[0], kBroken + kBroken + kBroken + kBroken);
}

}  // namespace
}  // namespace codelab::infra::openai
