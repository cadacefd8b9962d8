#include "infra/redis/address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace codelab::infra::redis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Mode = Address::Mode;

TEST(RedisAddress, NamesAServer) {
  const auto plain = parse_address("redis://cache.example");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->mode, Mode::single);
  EXPECT_FALSE(plain->tls);
  EXPECT_THAT(plain->endpoints, ElementsAre(Endpoint{"cache.example", 6379}));
  const auto full = parse_address("rediss://ann:p%40ss:word@[::1]:7000/15");
  ASSERT_TRUE(full);
  EXPECT_TRUE(full->tls);
  EXPECT_EQ(full->user, "ann");
  EXPECT_EQ(full->password, "p@ss:word");
  EXPECT_THAT(full->endpoints, ElementsAre(Endpoint{"::1", 7000}));
  EXPECT_EQ(full->database, 15);
  const auto default_user = parse_address("redis://:secret@h/");
  ASSERT_TRUE(default_user);
  EXPECT_EQ(default_user->user, "");
  EXPECT_EQ(default_user->password, "secret");
}

TEST(RedisAddress, NamesSentinelsAndTheirMaster) {
  const auto address = parse_address("redis+sentinel://:secret@one,two:5000/main/2");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->mode, Mode::sentinel);
  EXPECT_THAT(address->endpoints, ElementsAre(Endpoint{"one", 26379}, Endpoint{"two", 5000}));
  EXPECT_EQ(address->master, "main");
  EXPECT_EQ(address->database, 2);
  EXPECT_FALSE(parse_address("redis+sentinel://one"));
  EXPECT_FALSE(parse_address("redis+sentinel://one/"));
}

TEST(RedisAddress, NamesNodesOfACluster) {
  const auto address = parse_address("rediss+cluster://one:7000,two:7001");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->mode, Mode::cluster);
  EXPECT_TRUE(address->tls);
  EXPECT_THAT(address->endpoints, ElementsAre(Endpoint{"one", 7000}, Endpoint{"two", 7001}));
  EXPECT_FALSE(parse_address("redis+cluster://one/1"));
}

TEST(RedisAddress, RefusesWhatIsNone) {
  for (const char* url : {"", "redis", "http://h", "redis+other://h", "redis://", "redis://:1",
                          "redis://h:", "redis://h:0", "redis://h:70000", "redis://h:1x", "redis://h/x", "redis://h/-1",
                          "redis://a,b", "redis://[::1", "redis://[::1]x", "redis+cluster://a,,b", "redisx://h"}) {
    EXPECT_FALSE(parse_address(url)) << url;
  }
}

TEST(RedisAddress, TellsNoSecretInAFault) {
  for (const char* url : {"redis://ann:s3cret%zz@h", "redis://ann:s3cret@h:x", "redis://ann:s3cret@h/db"}) {
    const auto refused = parse_address(url);
    ASSERT_FALSE(refused) << url;
    EXPECT_THAT(refused.error(), Not(HasSubstr("s3cret"))) << url;
  }
}

}  // namespace
}  // namespace codelab::infra::redis
