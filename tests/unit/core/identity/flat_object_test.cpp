#include "core/identity/flat_object.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace codelab::core::identity {
namespace {

TEST(FlatObject, HoldsTextsAndIntegers) {
  const auto object = FlatObject::parse(R"( {"a": "x\u00e9\n", "n": -7, "max": 9223372036854775807} )");
  ASSERT_TRUE(object);
  ASSERT_NE(object->text("a"), nullptr);
  EXPECT_EQ(*object->text("a"), "x\xc3\xa9\n");
  EXPECT_EQ(object->integer("n"), -7);
  EXPECT_EQ(object->integer("max"), std::numeric_limits<std::int64_t>::max());
}

TEST(FlatObject, DoesNotTakeOneTypeForAnother) {
  const auto object =
      FlatObject::parse(R"({"s":"5","n":5,"f":5.0,"e":5e0,"big":9223372036854775808,"t":true,"z":null})");
  ASSERT_TRUE(object);
  EXPECT_EQ(object->integer("s"), std::nullopt);
  EXPECT_EQ(object->text("n"), nullptr);
  for (const std::string_view name : {"f", "e", "big", "t", "z"}) {
    EXPECT_TRUE(object->contains(name)) << name;
    EXPECT_EQ(object->text(name), nullptr) << name;
    EXPECT_EQ(object->integer(name), std::nullopt) << name;
  }
  EXPECT_FALSE(object->contains("absent"));
}

TEST(FlatObject, RefusesWhatIsNotOneFlatObject) {
  for (const std::string_view json :
       {"", " ", "null", "5", "\"a\"", "[]", "[{}]", "{", "{}x", "{}{}", "{\"a\":{}}", "{\"a\":[]}", "{\"a\":1,}",
        "{'a':1}", "{a:1}", "{\"a\":01}", "{\"a\":NaN}", "{\"a\":1}/**/"}) {
    EXPECT_FALSE(FlatObject::parse(json)) << json;
  }
  EXPECT_FALSE(FlatObject::parse("{\"a\":\"\xff\"}"));
}

TEST(FlatObject, RefusesANameThatStandsTwiceHoweverItIsSpelled) {
  EXPECT_FALSE(FlatObject::parse(R"({"a":1,"a":1})"));
  EXPECT_FALSE(FlatObject::parse(R"({"a":1,"b":2,"\u0061":1})"));
  EXPECT_TRUE(FlatObject::parse(R"({"a":1,"A":1})"));
}

TEST(FlatObject, BoundsTheNumberOfMembers) {
  const auto with_members = [](int count) {
    std::string json = "{";
    for (int i = 0; i < count; ++i) json += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":1";
    return json + "}";
  };
  EXPECT_TRUE(FlatObject::parse(with_members(64)));
  EXPECT_FALSE(FlatObject::parse(with_members(65)));
}

}  // namespace
}  // namespace codelab::core::identity
