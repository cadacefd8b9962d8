#include "http/assets/quality_list.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace codelab::http::assets {
namespace {

std::string read_all(std::string_view field) {
  std::string all;
  QualityListReader reader(field);
  while (const auto item = reader.next()) {
    all += std::string(item->name) + '=' + std::to_string(item->quality) + ' ';
  }
  return all;
}

TEST(QualityList, ReadsNamesAndWeightsInOrder) {
  EXPECT_EQ(read_all("gzip, br;q=0.5 ,*;q=0"), "gzip=1000 br=500 *=0 ");
  EXPECT_EQ(read_all("text/html;level=1;q=0.123"), "text/html=123 ");
  EXPECT_EQ(read_all("br ; Q=0.25"), "br=250 ");
}

TEST(QualityList, SkipsEmptyMembers) {
  EXPECT_EQ(read_all(""), "");
  EXPECT_EQ(read_all(" , ,\t,"), "");
  EXPECT_EQ(read_all(",gzip,,;q=1,"), "gzip=1000 ");
}

TEST(QualityList, TreatsAMalformedWeightAsARefusal) {
  for (const std::string weight : {"", "2", "1.1", "-1", ".5", "0.1234", "0,5", "0x1", "1.000 1", "0.5a", "nan"}) {
    EXPECT_TRUE(read_all("gzip;q=" + weight).starts_with("gzip=0 ")) << weight;
  }
}

TEST(QualityList, AcceptsEveryWellFormedWeight) {
  EXPECT_EQ(read_all("a;q=1,b;q=1.,c;q=1.000,d;q=0.,e;q=0.001,f;q=0.9"), "a=1000 b=1000 c=1000 d=0 e=1 f=900 ");
}

TEST(QualityList, ComparesNamesWithoutCase) {
  EXPECT_TRUE(equals_ignoring_case("GZip", "gzip"));
  EXPECT_FALSE(equals_ignoring_case("gzip", "gzipp"));
  EXPECT_FALSE(equals_ignoring_case("[", "{"));
}

}  // namespace
}  // namespace codelab::http::assets
