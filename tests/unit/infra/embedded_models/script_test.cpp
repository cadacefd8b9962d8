#include "infra/embedded_models/script.hpp"

#include <gtest/gtest.h>

namespace codelab::infra::embedded_models {
namespace {

TEST(ScriptTest, TakesLatinScriptOfAnyLanguage) {
  for (const char* text :
       {"Hello, world", "Żółć gęślą jaźń", "Tiếng Việt", "naïve Ångström", "ＦＵＬＬ ｗｉｄｔｈ", "ﬁ ﬂ"}) {
    EXPECT_TRUE(is_mostly_latin(text)) << text;
  }
}

TEST(ScriptTest, RefusesOtherScripts) {
  for (const char* text : {"Привет, мир", "数据库", "مرحبا", "שלום", "Καλημέρα", "สวัสดี", "नमस्ते", "한국어", "データ"}) {
    EXPECT_FALSE(is_mostly_latin(text)) << text;
  }
}

TEST(ScriptTest, GoesByTheGreaterPartOfTheLetters) {
  EXPECT_TRUE(is_mostly_latin("The word мир means peace"));
  EXPECT_FALSE(is_mostly_latin("Мы храним данные в PostgreSQL"));
  EXPECT_FALSE(is_mostly_latin("ab вг"));
  EXPECT_FALSE(is_mostly_latin("да 123456789 !!! ×÷"));
}

TEST(ScriptTest, TakesATextWithoutLetters) {
  for (const char* text : {"", "2024-02-29", "🚀", "×÷", "\xFF\xFE"}) EXPECT_TRUE(is_mostly_latin(text)) << text;
}

TEST(ScriptTest, CountsNoLetterInBrokenBytes) { EXPECT_FALSE(is_mostly_latin("\xE9\xE9\xE9\xE9 мир")); }

}  // namespace
}  // namespace codelab::infra::embedded_models
