#include <gtest/gtest.h>

#include "base/describe/decode.hpp"
#include "base/describe/encode.hpp"
#include "base/describe/parse_json.hpp"
#include "base/describe/schema.hpp"

namespace codelab::base {
namespace {

struct Inner {
  double weight = 0.5;
  std::vector<std::string> tags;

  static constexpr std::string_view kName = "Inner";
  static constexpr auto describe() {
    return fields(field("weight", &Inner::weight, {.minimum = 0, .maximum = 1}),
                  field("tags", &Inner::tags, {.max_length = 2}));
  }
};

struct Outer {
  std::string name;
  std::optional<std::int64_t> count;
  Inner inner;
  bool on = true;

  static constexpr std::string_view kName = "Outer";
  static constexpr auto describe() {
    return fields(field("name", &Outer::name, {.required = true, .min_length = 1, .max_length = 5}),
                  field("count", &Outer::count, {.minimum = 1}), field("inner", &Outer::inner),
                  field("on", &Outer::on));
  }
};

Result<Outer> decoded(std::string_view text, Outer start = {}) {
  const auto json = parse_json(text);
  if (!json) return json.error();
  return decode<Outer>(*json, "body", std::move(start));
}

std::vector<std::string> places(const Error& error) {
  std::vector<std::string> found;
  for (const FieldError& fault : error.fields) found.push_back(fmt::format("{}", fmt::join(fault.loc, ".")));
  return found;
}

TEST(Decode, fills_what_is_there_and_keeps_the_defaults_of_the_rest) {
  const auto outer = decoded(R"({"name":"a","inner":{"weight":1}})");
  ASSERT_TRUE(outer);
  EXPECT_EQ(outer->name, "a");
  EXPECT_EQ(outer->inner.weight, 1);
  EXPECT_TRUE(outer->on);
  EXPECT_FALSE(outer->count);
}

TEST(Decode, locates_every_fault_of_one_document) {
  const auto outer = decoded(R"({"count":0,"inner":{"weight":2,"tags":["a",3,"c"]},"on":"yes"})");
  ASSERT_FALSE(outer);
  EXPECT_EQ(places(outer.error()), (std::vector<std::string>{"body.name", "body.count", "body.inner.weight",
                                                             "body.inner.tags", "body.inner.tags.1", "body.on"}));
}

TEST(Decode, a_change_is_laid_over_what_was_there) {
  const auto outer =
      decoded(R"({"name":"b","inner":{"tags":["x"]}})", {.name = "a", .count = 7, .inner = {.weight = 1}});
  ASSERT_TRUE(outer);
  EXPECT_EQ(outer->name, "b");
  EXPECT_EQ(outer->count, 7);
  EXPECT_EQ(outer->inner.weight, 1);
  EXPECT_EQ(outer->inner.tags, std::vector<std::string>{"x"});
}

TEST(Decode, null_empties_an_optional_and_nothing_else) {
  EXPECT_EQ(decoded(R"({"name":"a","count":null})", {.count = 3})->count, std::nullopt);
  EXPECT_FALSE(decoded(R"({"name":null})"));
}

TEST(Decode, a_whole_number_may_not_be_a_fraction_or_too_large) {
  EXPECT_FALSE(decoded(R"({"name":"a","count":1.5})"));
  EXPECT_FALSE(decoded(R"({"name":"a","count":1e30})"));
  EXPECT_TRUE(decoded(R"({"name":"a","count":2.0})"));
}

TEST(Decode, a_text_with_nul_is_refused) { EXPECT_FALSE(decoded("{\"name\":\"a\\u0000b\"}")); }

TEST(Decode, the_length_of_a_text_is_in_characters_as_the_schema_says) {
  for (const char* five : {"abcde", "привё", "日本語文字", "😀😀😀😀😀"}) {
    EXPECT_TRUE(decoded(fmt::format(R"({{"name":"{}"}})", five))) << five;
    const auto six = decoded(fmt::format(R"({{"name":"{}é"}})", five));
    ASSERT_FALSE(six) << five;
    EXPECT_EQ(six.error().fields.front().msg, "must have at most 5 characters");
  }
  EXPECT_TRUE(decoded(R"({"name":"\ud83d\ude00\ud83d\ude00\ud83d\ude00\ud83d\ude00\ud83d\ude00"})"));
}

TEST(ParseJson, refuses_text_that_is_not_utf8) {
  for (const char* text : {"\"\xff\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "\"\\ud83d\""}) {
    EXPECT_FALSE(parse_json(text)) << text;
  }
}

TEST(ParseJson, refuses_what_is_not_json_or_too_deep) {
  EXPECT_EQ(parse_json("{").error().code, ErrorCode::malformed_json);
  EXPECT_FALSE(parse_json("{} x"));
  EXPECT_FALSE(parse_json(std::string(100, '[') + std::string(100, ']')));
}

TEST(ParseJson, reads_a_long_number_exactly) {
  const std::string digits(71, '2');
  const auto number = parse_json(digits);
  ASSERT_TRUE(number);
  EXPECT_EQ(number->get_double(), std::stod(digits));
}

TEST(Encode, writes_numbers_as_people_do_and_text_safely) {
  const Outer outer{.name = "a\"\n\x01\xff", .count = 3, .inner = {.weight = 0.7, .tags = {"x"}}};
  EXPECT_EQ(encode(outer),
            "{\"name\":\"a\\\"\\n\\u0001\xef\xbf\xbd\",\"count\":3,\"inner\":{\"weight\":0.7,\"tags\":[\"x\"]},"
            "\"on\":true}");
}

TEST(Encode, what_is_written_is_read_again) {
  const Outer outer{.name = "é€", .inner = {.weight = 0.1}};
  const auto again = decoded(encode(outer));
  ASSERT_TRUE(again);
  EXPECT_EQ(encode(*again), encode(outer));
}

TEST(JsonSchema, holds_the_same_bounds_that_are_checked) {
  Schemas named;
  EXPECT_EQ(schema_reference<Outer>(named)["$ref"], "#/components/schemas/Outer");
  const auto& outer = named["Outer"].as_object();
  EXPECT_EQ(outer.at("required"), boost::json::array({"name"}));
  EXPECT_EQ(outer.at("properties").at("name").at("maxLength"), 5);
  EXPECT_EQ(outer.at("properties").at("count").at("anyOf").at(0).at("minimum"), 1.0);
  EXPECT_EQ(named["Inner"].at("properties").at("weight").at("default"), 0.5);
}

}  // namespace
}  // namespace codelab::base
