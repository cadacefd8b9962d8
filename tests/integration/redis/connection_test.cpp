#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/redis/redis_fixture.hpp"

namespace codelab::tests {
namespace {

using infra::redis::Failure;
using infra::redis::Options;
using infra::redis::Outcome;
using infra::redis::Script;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;
using Words = std::vector<std::string>;

/// Blocks its connection until somebody pushes to that list.
Words blocking_on(const std::string& list) { return {"BLPOP", list, "0"}; }

TEST(RedisConnection, AnswersWhatTheServerSays) {
  RedisProcess process(redis_options(RedisServer::shared().url()));
  const std::string bytes("a\r\n\0b", 5);
  EXPECT_EQ(process.call({"SET", "answers", bytes}).value().text, "OK");
  EXPECT_EQ(process.call({"GET", "answers"}).value().text, bytes);
  EXPECT_TRUE(process.call({"GET", "answers:absent"}).value().is_nil());
  const auto refused = process.call({"INCR", "answers"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(kind_of(refused), Failure::Kind::refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("not an integer"));
}

TEST(RedisConnection, AnswersManyCallersInTheirOrderOverOneConnection) {
  RedisServer server;
  RedisProcess process(redis_options(server.url()));
  std::vector<CoreRunner::Running<Outcome>> calls;
  constexpr int kCalls = 2'000;
  for (int i = 0; i < kCalls; ++i) {
    calls.push_back(
        process.start({"EVAL", "return {redis.call('INCR', KEYS[1]), ARGV[1]}", "1", "order", std::to_string(i)}));
  }
  for (int i = 0; i < kCalls; ++i) {
    const auto answer = calls[static_cast<std::size_t>(i)].take();
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->elements[0].integer, i + 1);
    ASSERT_EQ(answer->elements[1].text, std::to_string(i));
  }
  // One is redis-cli's own.
  EXPECT_THAT(server.cli("info clients"), HasSubstr("connected_clients:2"));
}

TEST(RedisConnection, SendsTheSourceOfAScriptThatTheServerDoesNotKnow) {
  RedisServer server;
  RedisProcess process(redis_options(server.url()));
  const Script script("return ARGV[1] .. KEYS[1]");
  const auto run = [&] {
    return process.runner.run(process.clients.on(0).eval(script, {"k"}, {"v"}, RedisProcess::deadline()));
  };
  EXPECT_EQ(run().value().text, "vk");
  EXPECT_EQ(run().value().text, "vk");
  EXPECT_EQ(server.cli("script flush"), "OK");
  EXPECT_EQ(run().value().text, "vk");
  EXPECT_THAT(server.cli("info commandstats"), HasSubstr("cmdstat_eval:calls=2"));
}

TEST(RedisConnection, EndsACallAtItsDeadlineAndGivesLaterOnesTheirOwnAnswers) {
  RedisProcess process(redis_options(RedisServer::shared().url()));
  ASSERT_TRUE(process.ready());
  const auto late = process.start(blocking_on("deadline"), milliseconds(200)).take();
  ASSERT_FALSE(late);
  EXPECT_EQ(kind_of(late), Failure::Kind::timed_out);
  auto next = process.start({"ECHO", "next"});
  EXPECT_EQ(RedisServer::shared().cli("rpush deadline forgotten"), "1");
  EXPECT_EQ(next.take().value().text, "next");
}

TEST(RedisConnection, NeverSendsACommandWhoseDeadlinePassedBeforeThereWasAConnection) {
  RedisServer server;
  server.freeze();
  // Choosing the database waits for the server's answer, so it is not connected yet.
  RedisProcess process(redis_options(server.url() + "/1"));
  const auto late = process.start({"SET", "k", "v"}, milliseconds(30)).take();
  ASSERT_FALSE(late);
  EXPECT_EQ(kind_of(late), Failure::Kind::away);
  auto waiting = process.start({"GET", "k"});
  server.thaw();
  EXPECT_TRUE(waiting.take().value().is_nil());
}

TEST(RedisConnection, RefusesWhatComesPastTheBound) {
  Options options = redis_options(RedisServer::shared().url());
  options.max_commands = 3;
  RedisProcess process(options);
  ASSERT_TRUE(process.ready());
  std::vector<CoreRunner::Running<Outcome>> calls;
  calls.push_back(process.start(blocking_on("bound")));
  calls.push_back(process.start({"ECHO", "1"}));
  calls.push_back(process.start({"ECHO", "2"}));
  const auto refused = process.call({"ECHO", "3"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(kind_of(refused), Failure::Kind::busy);
  RedisServer::shared().cli("rpush bound go");
  for (auto& call : calls) EXPECT_TRUE(call.take());
  EXPECT_EQ(process.call({"ECHO", "4"}).value().text, "4");
}

TEST(RedisConnection, ComesBackWhenTheServerDoes) {
  RedisServer server;
  RedisProcess process(redis_options(server.url()));
  ASSERT_TRUE(process.ready());
  auto cut = process.start(blocking_on("list"));
  // The call is at the server before the server goes.
  while (!server.cli("info clients").contains("blocked_clients:1")) {
  }
  server.stop();
  const auto lost = cut.take();
  ASSERT_FALSE(lost);
  EXPECT_EQ(kind_of(lost), Failure::Kind::lost);
  const auto away = process.call({"PING"});
  ASSERT_FALSE(away);
  EXPECT_EQ(kind_of(away), Failure::Kind::away);
  server.start();
  EXPECT_TRUE(process.ready());
  EXPECT_EQ(process.call({"PING"}).value().text, "PONG");
}

TEST(RedisConnection, LeavesAServerThatOnlyLetsReadAndPausesBeforeItComesBack) {
  RedisServer server({"replicaof 127.0.0.1 " + std::to_string(free_port())});
  Options options = redis_options(server.url());
  options.first_backoff = options.last_backoff = seconds(60);
  RedisProcess process(options);
  const auto refused = process.call({"SET", "k", "v"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(kind_of(refused), Failure::Kind::refused);
  for (int i = 0; i < 20; ++i) {
    const auto away = process.call({"SET", "k", "v"});
    ASSERT_FALSE(away);
    EXPECT_EQ(kind_of(away), Failure::Kind::away);
    EXPECT_THAT(away.error().detail, StartsWith("READONLY"));
  }
}

TEST(RedisConnection, ComesBackToAServerThatLetsWriteAgain) {
  RedisServer server({"replicaof 127.0.0.1 " + std::to_string(free_port())});
  RedisProcess process(redis_options(server.url()));
  EXPECT_FALSE(process.call({"SET", "k", "v"}));
  EXPECT_EQ(server.cli("replicaof no one"), "OK");
  const auto watchdog = RedisProcess::deadline();
  while (!process.call({"SET", "k", "v"})) ASSERT_LT(std::chrono::steady_clock::now(), watchdog);
}

TEST(RedisConnection, ReplacesAConnectionThatHasGoneSilent) {
  RedisServer server;
  Options options = redis_options(server.url());
  options.ping_interval = milliseconds(10);
  options.ping_timeout = milliseconds(100);
  options.connect_timeout = milliseconds(200);
  RedisProcess process(options);
  ASSERT_TRUE(process.ready());
  server.freeze();
  const auto broken = process.call({"ECHO", "x"});
  ASSERT_FALSE(broken);
  EXPECT_NE(kind_of(broken), Failure::Kind::timed_out);
  server.thaw();
  EXPECT_TRUE(process.ready());
}

TEST(RedisConnection, ReplacesASilentConnectionThatTakesNothingMore) {
  RedisServer server;
  Options options = redis_options(server.url());
  options.max_commands = 1;
  options.ping_interval = milliseconds(50);
  options.ping_timeout = milliseconds(200);
  RedisProcess process(options);
  // A PING may be on its way.
  const auto call = [&](const Words& words) {
    EXPECT_TRUE(process.ready());
    auto outcome = process.call(words);
    while (!outcome && kind_of(outcome) == Failure::Kind::busy) outcome = process.call(words);
    return outcome;
  };
  const auto cut = call(blocking_on("list"));
  ASSERT_FALSE(cut);
  EXPECT_EQ(kind_of(cut), Failure::Kind::lost);
  EXPECT_EQ(call({"ECHO", "x"}).value().text, "x");
}

TEST(RedisConnection, EntersAsTheUserOfTheAddressAndSpeaksToItsDatabase) {
  RedisServer server;
  server.cli("acl setuser ann on '>p:@ss' '~mine:*' '&mine:*' +@all");
  const std::string at = "@127.0.0.1:" + std::to_string(server.port());
  RedisProcess process(redis_options("redis://ann:p%3A%40ss" + at + "/3"));
  EXPECT_EQ(process.call({"ACL", "WHOAMI"}).value().text, "ann");
  EXPECT_TRUE(process.call({"SET", "mine:k", "v"}));
  EXPECT_EQ(server.cli("-n 3 get mine:k"), "v");
  const auto refused = process.call({"SET", "theirs:k", "v"});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, StartsWith("NOPERM"));
}

TEST(RedisConnection, IsAwayForWhoeverHasTheWrongPassword) {
  RedisServer server;
  server.cli("acl setuser ann on '>right' '~*' +@all");
  RedisProcess process(redis_options("redis://ann:wrong@127.0.0.1:" + std::to_string(server.port())));
  const auto away = process.call({"PING"});
  ASSERT_FALSE(away);
  EXPECT_EQ(kind_of(away), Failure::Kind::away);
  EXPECT_THAT(away.error().detail, HasSubstr("WRONGPASS"));
  server.cli("acl setuser ann '>wrong'");
  EXPECT_TRUE(process.ready());
}

TEST(RedisConnection, ServesThreadsThatAreNoCore) {
  RedisProcess process(redis_options(RedisServer::shared().url()), 2);
  infra::redis::Command command{.words = {"ECHO", "hello"}};
  EXPECT_EQ(run_task(process.clients.call(command)).value().text, "hello");
  EXPECT_EQ(process.runner.run(process.clients.call(command), 1).value().text, "hello");
}

}  // namespace
}  // namespace codelab::tests
