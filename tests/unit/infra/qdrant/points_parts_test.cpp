#include <algorithm>
#include <set>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "base/ids.hpp"
#include "infra/qdrant/memory_cursor.hpp"
#include "infra/qdrant/metadata_facts.hpp"
#include "infra/qdrant/sparse_words.hpp"
#include "infra/qdrant/vector_json.hpp"
#include "infra/words/tokenizer.hpp"

namespace codelab::infra::qdrant {
namespace {

std::vector<std::string> facts(std::string_view json) { return facts_of(boost::json::parse(json).as_object()); }

TEST(MetadataFacts, equal_metadata_have_equal_facts) {
  EXPECT_EQ(facts(R"({"a":1})"), facts(R"({"a":1.0})"));
  EXPECT_EQ(facts(R"({"a":{"b":1,"c":[2]}})"), facts(R"({"a":{"c":[2.0],"b":1}})"));
  EXPECT_EQ(facts(R"({"a":0})"), facts(R"({"a":-0.0})"));
}

TEST(MetadataFacts, different_metadata_have_different_facts) {
  std::set<std::string> seen;
  for (const auto* json :
       {R"({"a":1})", R"({"a":"1"})", R"({"a":[1]})", R"({"a":null})", R"({"a":true})", R"({"a":1.5})", R"({"b":1})",
        R"({"a":[1,2]})", R"({"a":[12]})", R"({"a":{"b":1}})", R"({"a":["b",1]})", R"({"a:1":1})",
        R"({"a":9007199254740993})", R"({"a":9007199254740992})"}) {
    EXPECT_TRUE(seen.insert(facts(json).at(0)).second) << json;
  }
}

TEST(MetadataFacts, a_filter_asks_for_each_key_by_itself) {
  EXPECT_EQ(holds_facts({}).size(), 0);
  const auto wanted = holds_facts({{"a", 1}, {"b", "x"}});
  ASSERT_EQ(wanted.size(), 2);
  EXPECT_EQ(wanted[0].at("key").as_string(), "facts");
  EXPECT_EQ(wanted[0].at("match").at("value").as_string(), facts(R"({"a":1})").at(0));
}

TEST(SparseWordsTest, the_number_of_a_word_never_changes) {
  EXPECT_EQ(word_index(""), 2'166'136'261);
  EXPECT_EQ(word_index("dog"), 0xe668bd09);
}

TEST(SparseWordsTest, words_of_a_text_and_of_a_query_multiply_to_bm25) {
  const auto text = words_of_text(words::Tokenizer().counted("the dog barks"));
  EXPECT_EQ(text.indices.size(), 3);
  EXPECT_TRUE(std::ranges::is_sorted(text.indices));
  const std::vector<std::int64_t> wanted{word_index("dog"), word_index("cat")};
  const std::vector<double> frequencies{1, 1};
  const auto query = words_of_query(wanted, 10, frequencies);
  EXPECT_EQ(query.indices, wanted);
  EXPECT_FLOAT_EQ(query.values[0], 0.5);
  EXPECT_FLOAT_EQ(query.values[0] + query.values[1], 1);
  for (const float value : text.values) {
    EXPECT_GT(value, 0);
    EXPECT_LT(value, 1);
  }
}

TEST(SparseWordsTest, a_rare_word_weighs_more) {
  const std::vector<std::int64_t> wanted{1, 2};
  const std::vector<double> frequencies{1, 9};
  const auto query = words_of_query(wanted, 10, frequencies);
  EXPECT_GT(query.values[0], 5 * query.values[1]);
}

TEST(VectorJson, numbers_are_as_short_as_they_can_be) {
  EXPECT_EQ(vector_json({}), "[]");
  const std::vector<float> values{0.1F, -1, 1e-20F};
  EXPECT_EQ(vector_json(values), "[0.1,-1,1e-20]");
  EXPECT_EQ(sparse_json({.indices = {3, 4}, .values = {0.5F, 1}}), R"({"indices":[3,4],"values":[0.5,1]})");
}

TEST(MemoryCursorTest, a_cursor_is_read_back_and_anything_else_is_none) {
  const auto first = base::MemoryId::generate().str();
  const auto second = base::MemoryId::generate().str();
  const MemoryCursor cursor{.at = 1'800'000'000'000'000, .shown = {first, second}};
  const auto read = MemoryCursor::parse(cursor.str());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->at, cursor.at);
  EXPECT_EQ(read->shown, cursor.shown);
  for (const auto& text : std::vector<std::string>{"", ":", "x:" + first, "12", "12x:" + first, "12:nothing"}) {
    EXPECT_FALSE(MemoryCursor::parse(text)) << text;
  }
  EXPECT_FALSE(MemoryCursor::parse(std::nullopt));
}

}  // namespace
}  // namespace codelab::infra::qdrant
