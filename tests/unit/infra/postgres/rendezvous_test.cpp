#include "infra/postgres/rendezvous.hpp"

#include <array>
#include <vector>

#include <gtest/gtest.h>

namespace codelab::infra::postgres {
namespace {

base::UserId user(std::string_view id) { return base::UserId::parse(id).value(); }

/// Computed apart from this program, by the definition in rendezvous.cpp. Users stay where they were put, but where the
/// next ones go must not depend on the build.
TEST(Rendezvous, draws_alike_in_every_build) {
  EXPECT_EQ(draw(user("018f0000-0000-7000-8000-000000000000"), "main"), 0x563315112faa2bd0);
  EXPECT_EQ(draw(user("018f0000-0000-7000-8000-000000000000"), "b"), 0x006e07b0d2224650);
  EXPECT_EQ(draw(user("018f0000-0000-7000-8000-000000000001"), "main"), 0x203ca1fa7822a7c0);
  EXPECT_EQ(draw(user("018f0000-0000-7000-8000-000000000001"), "b"), 0xc7bbd2c29d7fc7e0);
  EXPECT_EQ(draw(user("019aa1b2-c3d4-7e5f-a601-0203040506ff"), "main"), 0xca1fa92194c63344);
  EXPECT_EQ(draw(user("019aa1b2-c3d4-7e5f-a601-0203040506ff"), "b"), 0xfec2245a22be9df4);
}

TEST(Rendezvous, gives_every_shard_an_even_share) {
  const std::vector<std::string> shards{"main", "b", "c", "shard-4"};
  std::array<int, 4> share{};
  constexpr int kUsers = 20'000;
  for (int i = 0; i < kUsers; ++i) ++share[drawn_to(base::UserId::generate(), shards)];
  for (const int each : share) EXPECT_NEAR(each, kUsers / 4, kUsers / 50);
}

TEST(Rendezvous, one_shard_more_moves_users_to_it_alone) {
  const std::vector<std::string> before{"main", "b", "c"};
  // Where it stands in the list does not matter.
  const std::vector<std::string> after{"main", "new", "b", "c"};
  int moved = 0;
  constexpr int kUsers = 10'000;
  for (int i = 0; i < kUsers; ++i) {
    const auto id = base::UserId::generate();
    const std::string& was = before[drawn_to(id, before)];
    const std::string& is = after[drawn_to(id, after)];
    if (is == was) continue;
    EXPECT_EQ(is, "new");
    ++moved;
  }
  EXPECT_NEAR(moved, kUsers / 4, kUsers / 40);
}

}  // namespace
}  // namespace codelab::infra::postgres
