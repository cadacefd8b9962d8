#include "http/accept.hpp"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace codelab::http {
namespace {

constexpr std::array<std::string_view, 2> kOffers{"application/json", "application/x-ndjson"};

struct Case {
  std::string accept;
  std::size_t offer;
};

void expect(const std::vector<Case>& cases) {
  for (const Case& each : cases) EXPECT_EQ(best_offer(each.accept, kOffers), each.offer) << each.accept;
}

TEST(Accept, the_highest_weight_wins_wherever_it_stands) {
  expect({{"application/x-ndjson;q=0.9, application/json;q=0.8", 1},
          {"application/json;q=0.8, application/x-ndjson;q=0.9", 1},
          {"application/x-ndjson;q=0.5, application/json", 0},
          {"application/x-ndjson;q=0.001, application/json;q=0", 1}});
}

TEST(Accept, a_weight_of_zero_or_nonsense_excludes) {
  expect({{"application/x-ndjson;q=0", 0},
          {"application/x-ndjson; Q=0.000, */*;q=0.1", 0},
          {"application/json;q=0, */*", 1},
          {"application/x-ndjson;q=much, application/json;q=0.1", 0}});
}

TEST(Accept, a_wildcard_takes_what_we_prefer_unless_that_is_excluded) {
  expect({{"*/*", 0}, {"application/*", 0}, {"text/html, */*;q=0.8", 0}, {"application/json;q=0, application/*", 1}});
}

TEST(Accept, the_most_exact_range_decides_about_a_type) {
  expect({{"*/*, application/x-ndjson;q=0.1", 0},
          {"*/*;q=0.1, application/x-ndjson", 1},
          {"application/*;q=0.2, */*;q=0.9, application/x-ndjson;q=0.3", 1}});
}

TEST(Accept, of_equal_weights_the_exactly_named_wins_then_the_first) {
  expect({{"application/x-ndjson, */*", 1},
          {"*/*, application/x-ndjson", 1},
          {"application/x-ndjson, application/json", 1},
          {"application/json, application/x-ndjson", 0}});
}

TEST(Accept, names_compare_whole_and_without_case) {
  expect({{"Application/X-NDJSON", 1},
          {"application/x-ndjson;charset=utf-8", 1},
          {"application/x-ndjson-2", 0},
          {"x-application/x-ndjson", 0},
          {"text/application/x-ndjson", 0}});
}

TEST(Accept, nothing_that_we_have_gets_what_we_prefer) {
  expect({{"", 0}, {",", 0}, {"text/html", 0}, {"application/json;q=0", 0}, {"*", 0}, {"/*", 0}});
}

}  // namespace
}  // namespace codelab::http
