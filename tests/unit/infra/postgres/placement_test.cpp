#include "infra/postgres/placement.hpp"

#include <gtest/gtest.h>

#include "base/store_error.hpp"

namespace codelab::infra::postgres {
namespace {

TEST(Placement, remembers_what_it_was_told_until_it_is_told_to_forget) {
  Placement places({"main", "b"});
  const auto user = base::UserId::generate();
  EXPECT_FALSE(places.known(user));
  places.keep(user, 1);
  EXPECT_EQ(places.known(user), 1);
  places.keep(user, 0);
  EXPECT_EQ(places.known(user), 0);
  places.forget(user);
  EXPECT_FALSE(places.known(user));
}

TEST(Placement, keeps_those_who_are_asked_for_and_no_more_than_it_may) {
  Placement places({"main", "b"}, 100);
  const auto busy = base::UserId::generate();
  places.keep(busy, 1);
  std::vector<base::UserId> others;
  for (int i = 0; i < 1'000; ++i) {
    others.push_back(base::UserId::generate());
    places.keep(others.back(), 0);
    EXPECT_EQ(places.known(busy), 1);
  }
  const auto kept = std::ranges::count_if(others, [&](const auto& user) { return places.known(user).has_value(); });
  EXPECT_LE(kept, 100);
  EXPECT_GE(kept, 40);
}

TEST(Placement, what_was_changed_is_not_found_as_it_was) {
  Placement places({"main", "b"}, 4);
  const auto user = base::UserId::generate();
  places.keep(user, 1);
  places.keep(base::UserId::generate(), 0);
  places.keep(base::UserId::generate(), 0);
  places.keep(user, 0);
  places.keep(base::UserId::generate(), 0);
  EXPECT_NE(places.known(user), 1);
  places.forget(user);
  EXPECT_FALSE(places.known(user));
}

TEST(Placement, knows_the_shards_of_the_settings_alone) {
  const Placement places({"main", "b"});
  EXPECT_EQ(places.number_of("main"), 0);
  EXPECT_EQ(places.number_of("b"), 1);
  EXPECT_THROW(places.number_of("c"), base::StoreError);
}

}  // namespace
}  // namespace codelab::infra::postgres
