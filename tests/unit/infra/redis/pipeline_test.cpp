#include "infra/redis/pipeline.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace codelab::infra::redis {
namespace {

class RedisPipeline : public testing::Test {
 protected:
  PendingCallPtr add(std::string bytes, int preludes = 0) {
    auto call = std::make_shared<PendingCall>(context_.get_executor());
    return pipeline_.add(call, std::move(bytes), preludes) ? call : nullptr;
  }
  static Reply status(std::string text) { return {.type = Reply::Type::status, .text = std::move(text)}; }

  boost::asio::io_context context_;
  Pipeline pipeline_{4, 100};
};

TEST_F(RedisPipeline, GivesEachCallItsReplyInTheOrderOfSending) {
  const auto first = add("1");
  const auto second = add("2");
  EXPECT_EQ(pipeline_.take_output(), "12");
  const auto third = add("3");
  EXPECT_TRUE(pipeline_.answer(status("one")));
  EXPECT_EQ(first->take()->text, "one");
  EXPECT_FALSE(second->finished());
  EXPECT_EQ(pipeline_.take_output(), "3");
  EXPECT_TRUE(pipeline_.answer({.type = Reply::Type::error, .text = "ERR"}));
  EXPECT_TRUE(pipeline_.answer(status("three")));
  EXPECT_EQ(second->take().error().kind, Failure::Kind::refused);
  EXPECT_EQ(third->take()->text, "three");
  EXPECT_FALSE(pipeline_.answer(status("nobody's")));
}

TEST_F(RedisPipeline, PassesOverTheRepliesToPreludes) {
  const auto moved = add("ASKING GET", 1);
  const auto next = add("NEXT");
  pipeline_.take_output();
  pipeline_.answer(status("OK"));
  EXPECT_FALSE(moved->finished());
  pipeline_.answer(status("value"));
  EXPECT_EQ(moved->take()->text, "value");
  EXPECT_FALSE(next->finished());
}

TEST_F(RedisPipeline, NeverSendsWhatWasAbandonedAndKeepsThePlaceOfWhatWasSent) {
  const auto unsent = add("1");
  const auto sent = add("2");
  unsent->abandoned = true;
  EXPECT_EQ(pipeline_.take_output(), "2");
  EXPECT_FALSE(unsent->sent);
  EXPECT_TRUE(sent->sent);
  sent->abandoned = true;
  const auto after = add("3");
  pipeline_.take_output();
  pipeline_.answer(status("two"));
  EXPECT_FALSE(after->finished());
  pipeline_.answer(status("three"));
  EXPECT_EQ(after->take()->text, "three");
}

TEST_F(RedisPipeline, TellsWhatMayHaveRunFromWhatHasNot) {
  const auto sent = add("1");
  pipeline_.take_output();
  const auto waiting = add("2");
  pipeline_.fail_sent("broken");
  EXPECT_EQ(sent->take().error().kind, Failure::Kind::lost);
  EXPECT_FALSE(waiting->finished());
  EXPECT_EQ(pipeline_.take_output(), "2");
  const auto away = add("3");
  pipeline_.fail_waiting("no server");
  EXPECT_EQ(away->take().error().kind, Failure::Kind::away);
  EXPECT_FALSE(pipeline_.has_output());
}

TEST_F(RedisPipeline, IsBoundedInCommandsAndInBytes) {
  EXPECT_FALSE(add(std::string(101, 'x')));
  EXPECT_TRUE(add(std::string(100, 'x')));
  EXPECT_FALSE(add("x"));
  pipeline_.take_output();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(add("x"));
  EXPECT_FALSE(add("x"));
  const auto anyway = std::make_shared<PendingCall>(context_.get_executor());
  pipeline_.add_unbounded(anyway, "y");
  EXPECT_EQ(pipeline_.take_output(), "xxxy");
  pipeline_.fail_sent("");
  EXPECT_EQ(anyway->take().error().kind, Failure::Kind::lost);
  EXPECT_TRUE(add(std::string(100, 'x')));
  pipeline_.fail_waiting("");
  EXPECT_TRUE(add(std::string(100, 'x')));
}

}  // namespace
}  // namespace codelab::infra::redis
