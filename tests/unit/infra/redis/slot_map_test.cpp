#include "infra/redis/slot_map.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace codelab::infra::redis {
namespace {

using testing::ElementsAre;

const Endpoint kA{"10.0.0.1", 7000};
const Endpoint kB{"10.0.0.2", 7001};
const Endpoint kC{"10.0.0.3", 7002};

Reply number(std::int64_t value) { return {.type = Reply::Type::integer, .integer = value}; }
Reply range(std::int64_t first, std::int64_t last, const Endpoint& node) {
  const Reply host{.type = Reply::Type::string, .text = node.host};
  const Reply master{.type = Reply::Type::array, .elements = {host, number(node.port)}};
  return {.type = Reply::Type::array, .elements = {number(first), number(last), master}};
}
Reply slots(std::vector<Reply> ranges) { return {.type = Reply::Type::array, .elements = std::move(ranges)}; }

TEST(RedisSlots, AreThoseOfTheSpecification) {
  EXPECT_EQ(slot_of("123456789"), 0x31C3 % 16384);
  EXPECT_EQ(slot_of("foo"), 12182);
  EXPECT_EQ(slot_of("codelab:{user}:a"), slot_of("user"));
  EXPECT_EQ(slot_of("{user}b"), slot_of("{user}c{other}"));
  EXPECT_NE(slot_of("{}user"), slot_of("{}other"));
}

TEST(RedisSlots, AreReadFromANodesAnswer) {
  SlotMap map;
  EXPECT_FALSE(map.owner(0));
  EXPECT_TRUE(map.read(slots({range(5'000, 16'383, kB), range(0, 99, {"", 7000})}), kA));
  EXPECT_EQ(map.owner(0), kA);
  EXPECT_EQ(map.owner(99), kA);
  EXPECT_FALSE(map.owner(100));
  EXPECT_EQ(map.owner(5'000), kB);
  EXPECT_EQ(map.owner(16'383), kB);
  EXPECT_THAT(map.nodes(), ElementsAre(kA, kB));
  for (const Reply& bad : {slots({}), slots({number(1)}), slots({range(-1, 5, kA)}), slots({range(0, 16'384, kA)})}) {
    EXPECT_FALSE(map.read(bad, kA));
  }
  EXPECT_EQ(map.owner(99), kA);
}

TEST(RedisSlots, MoveOneByOne) {
  SlotMap map;
  ASSERT_TRUE(map.read(slots({range(10, 20, kA), range(30, 30, kA)}), kA));
  for (const std::uint16_t slot : {10, 15, 20, 25, 30}) map.move(slot, kB);
  map.move(15, kC);
  for (std::uint16_t slot = 9; slot <= 31; ++slot) {
    std::optional<Endpoint> expected;
    if (slot > 10 && slot < 20) expected = kA;
    if (slot == 10 || slot == 20 || slot == 25 || slot == 30) expected = kB;
    if (slot == 15) expected = kC;
    EXPECT_EQ(map.owner(slot), expected) << slot;
  }
}

TEST(RedisRedirects, AreReadFromErrors) {
  const auto moved = parse_redirect("MOVED 3999 127.0.0.1:6381", kA);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->slot, 3999);
  EXPECT_EQ(moved->to, (Endpoint{"127.0.0.1", 6381}));
  EXPECT_FALSE(moved->asking);
  const auto ask = parse_redirect("ASK 1 ::1:6381", kA);
  ASSERT_TRUE(ask);
  EXPECT_EQ(ask->to.host, "::1");
  EXPECT_TRUE(ask->asking);
  EXPECT_EQ(parse_redirect("MOVED 1 :6381", kA)->to, (Endpoint{kA.host, 6381}));
  for (const char* error :
       {"", "ERR x", "MOVED", "MOVED 1", "MOVED x a:1", "MOVED 16384 a:1", "MOVED 1 a:x", "MOVED a:1"}) {
    EXPECT_FALSE(parse_redirect(error, kA)) << error;
  }
}

}  // namespace
}  // namespace codelab::infra::redis
