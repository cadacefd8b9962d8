#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/redis/redis_fixture.hpp"

namespace codelab::tests {
namespace {

using testing::HasSubstr;

std::string at(const RedisServer& server) { return "127.0.0.1 " + std::to_string(server.port()); }

/// A failover cuts the connections of whoever asks.
std::string answer_of(const RedisServer& server, const std::string& command) {
  try {
    return server.cli(command);
  } catch (const std::runtime_error&) {
    return {};
  }
}

TEST(RedisSentinel, FollowsAFailover) {
  RedisServer first({"repl-diskless-sync-delay 0"});
  RedisServer second({"replicaof " + at(first), "repl-diskless-sync-delay 0"});
  while (!second.cli("info replication").contains("master_link_status:up")) {
  }
  RedisServer sentinel({"sentinel monitor main " + at(first) + " 1"}, RedisServer::Kind::sentinel);
  const std::string nobody = std::to_string(free_port());
  RedisProcess process(redis_options("redis+sentinel://127.0.0.1:" + nobody +
                                     ",127.0.0.1:" + std::to_string(sentinel.port()) + "/main"));
  EXPECT_EQ(process.call({"SET", "k", "before"}).value().text, "OK");
  EXPECT_EQ(first.cli("get k"), "before");
  // It has to hear of the replica, and how that is, first.
  while (sentinel.cli("sentinel failover main") != "OK") {
  }
  while (!answer_of(second, "role").starts_with("master")) {
  }
  const auto watchdog = RedisProcess::deadline();
  while (answer_of(second, "get k") != "after") {
    ASSERT_LT(std::chrono::steady_clock::now(), watchdog);
    process.call({"SET", "k", "after"});
  }
}

TEST(RedisSentinel, GivesASentinelThatWantsAPasswordTheMasters) {
  RedisServer master({"requirepass secret"});
  RedisServer sentinel(
      {"sentinel monitor main " + at(master) + " 1", "sentinel auth-pass main secret", "requirepass secret"},
      RedisServer::Kind::sentinel);
  const std::string where = "127.0.0.1:" + std::to_string(sentinel.port()) + "/main";
  RedisProcess process(redis_options("redis+sentinel://:secret@" + where));
  EXPECT_EQ(process.call({"SET", "k", "v"}).value().text, "OK");
  EXPECT_EQ(master.cli("--no-auth-warning -a secret get k"), "v");
  for (const auto& [password, fault] : {std::pair{":wrong@", "WRONGPASS"}, std::pair{"", "NOAUTH"}}) {
    RedisProcess stranger(redis_options("redis+sentinel://" + std::string(password) + where));
    const auto away = stranger.call({"PING"});
    ASSERT_FALSE(away);
    EXPECT_EQ(kind_of(away), infra::redis::Failure::Kind::away);
    EXPECT_THAT(away.error().detail, HasSubstr(fault));
  }
}

TEST(RedisSentinel, AUserWithTheDocumentedRightsIsLetIn) {
  RedisServer master;
  master.cli("acl setuser ann on '>secret' " + kDocumentedRights + " +role");
  RedisServer sentinel({"sentinel monitor main " + at(master) + " 1"}, RedisServer::Kind::sentinel);
  // Sentinels do not know that user; nor do they ask for one.
  RedisProcess process(
      redis_options("redis+sentinel://ann:secret@127.0.0.1:" + std::to_string(sentinel.port()) + "/main"));
  EXPECT_TRUE(process.call({"SET", "codelab:k", "v"}));
  master.cli("acl setuser ann -role");
  RedisProcess refused(process.clients.options());
  const auto away = refused.call({"PING"});
  ASSERT_FALSE(away);
  EXPECT_THAT(away.error().detail, HasSubstr("NOPERM"));
}

TEST(RedisSentinel, IsAwayWhenNoSentinelKnowsTheMaster) {
  RedisServer sentinel({}, RedisServer::Kind::sentinel);
  RedisProcess process(redis_options("redis+sentinel://127.0.0.1:" + std::to_string(sentinel.port()) + "/main"));
  const auto away = process.call({"PING"});
  ASSERT_FALSE(away);
  EXPECT_THAT(away.error().detail, HasSubstr("unknown master"));
}

}  // namespace
}  // namespace codelab::tests
