#include "base/ids.hpp"

#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "base/clock.hpp"

namespace codelab::base {
namespace {

TEST(Ids, are_uuids_of_version_7_and_grow_within_a_process) {
  UserId before = UserId::generate();
  EXPECT_EQ(before.str()[14], '7');
  EXPECT_TRUE(std::string("89ab").contains(before.str()[19]));
  for (int i = 0; i < 10'000; ++i) {
    const UserId next = UserId::generate();
    ASSERT_LT(before, next);
    before = next;
  }
}

TEST(Ids, differ_between_threads) {
  std::array<std::vector<UserId>, 4> made;
  {
    std::vector<std::jthread> threads;
    for (auto& ids : made) {
      threads.emplace_back([&ids] {
        for (int i = 0; i < 2'000; ++i) ids.push_back(UserId::generate());
      });
    }
  }
  std::set<UserId> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), 8'000);
}

TEST(Ids, are_read_in_their_canonical_form_only) {
  const UserId id = UserId::generate();
  EXPECT_EQ(UserId::parse(id.str()), id);
  for (const char* text : {"", "x", "00000000-0000-7000-8000-00000000000", "00000000-0000-7000-8000-00000000000g",
                           "000000000000-7000-8000-000000000000-0", "{0000000-0000-7000-8000-000000000000}"}) {
    EXPECT_FALSE(UserId::parse(text)) << text;
  }
}

TEST(Clock, writes_rfc_3339_in_utc) {
  EXPECT_EQ(to_rfc3339(from_micros(1'767'323'045'000'006)), "2026-01-02T03:04:05.000006Z");
}

}  // namespace
}  // namespace codelab::base
