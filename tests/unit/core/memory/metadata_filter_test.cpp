#include "core/memory/metadata_filter.hpp"

#include <string_view>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "base/describe/encode.hpp"

namespace codelab::core::memory {
namespace {

boost::json::object object(std::string_view text) { return boost::json::parse({text.data(), text.size()}).as_object(); }

bool matches(std::string_view metadata, std::string_view filter) { return holds(object(metadata), object(filter)); }

TEST(MetadataFilter, WantsEveryKeyWithAnEqualValue) {
  EXPECT_TRUE(matches(R"({"a":1,"b":"x","c":true})", R"({"a":1,"c":true})"));
  EXPECT_FALSE(matches(R"({"a":1})", R"({"a":1,"b":2})"));
  EXPECT_FALSE(matches(R"({"a":1})", R"({"a":2})"));
  EXPECT_TRUE(matches(R"({"a":1})", "{}"));
}

TEST(MetadataFilter, NumbersAreEqualByValue) {
  EXPECT_TRUE(matches(R"({"a":1})", R"({"a":1.0})"));
  EXPECT_TRUE(matches(R"({"a":100000})", R"({"a":1e5})"));
  EXPECT_FALSE(matches(R"({"a":1})", R"({"a":1.5})"));
}

TEST(MetadataFilter, KindsAreNeverMixed) {
  EXPECT_FALSE(matches(R"({"a":1})", R"({"a":"1"})"));
  EXPECT_FALSE(matches(R"({"a":1})", R"({"a":true})"));
  EXPECT_FALSE(matches(R"({"a":null})", R"({"a":0})"));
  EXPECT_FALSE(matches("{}", R"({"a":null})"));
  EXPECT_TRUE(matches(R"({"a":null})", R"({"a":null})"));
}

TEST(MetadataFilter, ObjectsAreEqualInAnyOrderAndListsInTheirs) {
  EXPECT_TRUE(matches(R"({"a":{"x":1,"y":[1,2]}})", R"({"a":{"y":[1,2.0],"x":1}})"));
  EXPECT_FALSE(matches(R"({"a":{"x":1,"y":2}})", R"({"a":{"x":1}})"));
  EXPECT_FALSE(matches(R"({"a":[1,2]})", R"({"a":[2,1]})"));
}

TEST(MetadataFilter, TheNeedleStandsInWhateverHoldsTheFilter) {
  const std::pair<std::string_view, std::string_view> pairs[] = {
      {R"({"a":1})", R"({"a":1.0})"},
      {R"({"n":2,"a\"b\\":"q\"\n\u00e9"})", R"({"a\"b\\":"q\"\né"})"},
      {R"({"a":{"x":1,"y":2}})", R"({"a":{"y":2,"x":1}})"},
  };
  for (const auto& [metadata, filter] : pairs) {
    ASSERT_TRUE(matches(metadata, filter));
    EXPECT_NE(base::encode(object(metadata)).find(needle_of(object(filter))), std::string::npos) << filter;
  }
}

}  // namespace
}  // namespace codelab::core::memory
