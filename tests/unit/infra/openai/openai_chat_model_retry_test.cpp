#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/infra/openai/chat_model_fixture.hpp"

namespace codelab::infra::openai {
namespace {

using base::ErrorCode;
using codelab::tests::ChatOutcome;
using codelab::tests::chunk;
using codelab::tests::chunked_head;
using codelab::tests::delta;
using codelab::tests::error_of;
using codelab::tests::good_reply;
using codelab::tests::Listener;
using codelab::tests::plain_reply;
using codelab::tests::Reply;
using codelab::tests::ScriptedServer;
using codelab::tests::SeenRequest;
using core::models::BreakerState;
using core::models::CallOutcome;
using std::chrono::milliseconds;

class ChatModelRetryTest : public codelab::tests::ChatModelTest {};

TEST_F(ChatModelRetryTest, TriesAgainWhenItIsAskedToWait) {
  serve({plain_reply(429, R"({"error":{"message":"slow down"}})", "Retry-After: 0\r\n"), good_reply()});
  EXPECT_TRUE(ask());
  EXPECT_EQ(observer_.retries(), std::vector<std::string>{"rate_limited"});
  EXPECT_EQ(listener_.text, "Hello");
}

TEST_F(ChatModelRetryTest, RetryAfterIsWaitedOut) {
  serve({plain_reply(429, "", "Retry-After: 1\r\n"), good_reply()});
  const auto started = std::chrono::steady_clock::now();
  EXPECT_TRUE(ask());
  EXPECT_GE(std::chrono::steady_clock::now() - started, milliseconds(1000));
}

TEST_F(ChatModelRetryTest, TriesAgainAfterServerErrorsAndLostConnections) {
  Reply busy = plain_reply(503, "<html>busy</html>");
  // A connection of its own for the next attempt: curl replaces a dead one from its pool without a word.
  busy.after = Reply::After::close;
  serve({busy, Reply{.after = Reply::After::reset}, good_reply()});
  EXPECT_TRUE(ask());
  EXPECT_EQ(observer_.retries(), (std::vector<std::string>{"server_error", "connection_lost"}));
}

TEST_F(ChatModelRetryTest, TriesAgainWhenTheAnswerIsCutBeforeItsFirstText) {
  serve({{.pieces = {chunked_head() + chunk(": wait\n\n")}, .after = Reply::After::close}, good_reply()});
  EXPECT_TRUE(ask());
}

TEST_F(ChatModelRetryTest, TriesAgainWhenAnErrorComesInPlaceOfText) {
  serve({{.pieces = {chunked_head() + chunk("data: {\"error\":{\"code\":503,\"message\":\"busy\"}}\n\n")},
          .after = Reply::After::close},
         good_reply()});
  EXPECT_TRUE(ask());
  EXPECT_EQ(observer_.retries(), std::vector<std::string>{"provider_error"});
}

TEST_F(ChatModelRetryTest, GivesUpAfterItsAttempts) {
  serve({plain_reply(500, R"({"error":{"message":"broken"}})")});
  const ChatOutcome outcome = ask();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(error_of(outcome).code, ErrorCode::model_failed);
  EXPECT_EQ(error_of(outcome).detail, "the model's provider answered 500: broken");
  EXPECT_EQ(server_->seen().size(), 3U);
  EXPECT_EQ(observer_.outcomes(), std::vector{CallOutcome::failed});
}

TEST_F(ChatModelRetryTest, NeverTriesAgainAfterTheFirstText) {
  for (const auto after : {Reply::After::close, Reply::After::reset}) {
    serve({{.pieces = {chunked_head() + chunk(delta("half"))}, .after = after}, good_reply()});
    model_.reset();
    listener_.text.clear();
    const ChatOutcome outcome = ask();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(error_of(outcome).code, ErrorCode::model_failed);
    EXPECT_EQ(listener_.text, "half");
    EXPECT_EQ(server_->seen().size(), 1U);
  }
}

TEST_F(ChatModelRetryTest, AnEmptyAccountIsNotAskedAgain) {
  serve({plain_reply(429, R"({"error":{"message":"no funds","code":"insufficient_quota"}})")});
  EXPECT_FALSE(ask());
  EXPECT_EQ(server_->seen().size(), 1U);
}

TEST_F(ChatModelRetryTest, AnUnreasonableWaitIsPassedOn) {
  serve({plain_reply(429, "", "Retry-After: 3600\r\n")});
  const ChatOutcome outcome = ask();
  EXPECT_EQ(error_of(outcome).retry_after, std::chrono::seconds(3600));
  EXPECT_EQ(server_->seen().size(), 1U);
}

TEST_F(ChatModelRetryTest, ARefusedParameterIsLeftOutFromThenOn) {
  server_ = std::make_unique<ScriptedServer>([](const SeenRequest& request) {
    if (request.body.find("stream_options") == std::string::npos) return good_reply();
    return plain_reply(400, R"({"error":{"message":"Unrecognized request argument supplied: stream_options"}})");
  });
  EXPECT_TRUE(ask());
  EXPECT_TRUE(ask());
  EXPECT_EQ(server_->seen().size(), 3U);
  EXPECT_EQ(observer_.retries(), std::vector<std::string>{"parameter_refused"});
}

TEST_F(ChatModelRetryTest, CallsThatLearnTheSameAtOnceAllSucceed) {
  server_ = std::make_unique<ScriptedServer>([](const SeenRequest& request) {
    if (request.body.find("stream_options") == std::string::npos) return good_reply();
    Reply refusal = plain_reply(400, R"({"error":{"message":"no stream_options here"}})");
    refusal.hold_first = true;
    return refusal;
  });
  build(config(*server_));
  Listener other;
  auto first = spawn(ask(listener_));
  auto second = spawn(ask(other), 1);
  // Both have asked before either is refused.
  ASSERT_TRUE(server_->wait_for_requests(2));
  server_->release();
  server_->release();
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(second.get());
}

TEST_F(ChatModelRetryTest, TheBreakerKeepsCallsAwayAndLetsOneProbe) {
  ScriptedServer& server = serve({plain_reply(500, ""), plain_reply(500, ""), good_reply()});
  auto settings = config(server);
  settings.retry.max_attempts = 1;
  settings.breaker = {.consecutive_failures = 2, .open_for = milliseconds(1'000)};
  build(settings);
  EXPECT_EQ(error_of(ask()).code, ErrorCode::model_failed);
  EXPECT_EQ(error_of(ask()).code, ErrorCode::model_failed);
  const ChatOutcome resting = ask();
  EXPECT_EQ(error_of(resting).code, ErrorCode::overloaded);
  EXPECT_EQ(error_of(resting).retry_after, std::chrono::seconds(1));
  EXPECT_EQ(server.seen().size(), 2U);
  ChatOutcome again = resting;
  const auto watchdog = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!again && std::chrono::steady_clock::now() < watchdog) again = ask();
  EXPECT_TRUE(again);
  EXPECT_EQ(observer_.states(), (std::vector{BreakerState::open, BreakerState::half_open, BreakerState::closed}));
}

TEST_F(ChatModelRetryTest, RefusalsDoNotOpenTheBreaker) {
  const std::vector<int> refusals{400, 401, 403, 404, 413, 422, 429};
  std::vector<Reply> replies;
  for (const int status : refusals) replies.push_back(plain_reply(status, ""));
  serve(replies);
  auto settings = config(*server_);
  settings.retry.max_attempts = 1;
  settings.breaker = {.consecutive_failures = 1};
  build(settings);
  for (std::size_t i = 0; i < refusals.size(); ++i) EXPECT_EQ(error_of(ask()).code, ErrorCode::model_failed);
  EXPECT_TRUE(observer_.states().empty());
}

TEST_F(ChatModelRetryTest, AModelThatKeepsFailingKeepsNoOtherAway) {
  server_ = std::make_unique<ScriptedServer>([](const SeenRequest& request) {
    return request.body.contains(R"("model":"bad")") ? plain_reply(500, "") : good_reply();
  });
  auto settings = config(*server_);
  settings.retry.max_attempts = 1;
  settings.breaker = {.consecutive_failures = 1};
  build(settings);
  EXPECT_EQ(error_of(run(ask("bad"))).code, ErrorCode::model_failed);
  EXPECT_EQ(error_of(run(ask("bad"))).code, ErrorCode::overloaded);
  EXPECT_TRUE(run(ask("good")));
}

TEST_F(ChatModelRetryTest, ACallThatFindsTheBreakerOpenBetweenItsAttemptsSaysWhenToComeAgain) {
  serve({plain_reply(500, R"({"error":{"message":"broken"}})")});
  auto settings = config(*server_);
  settings.retry.base = milliseconds(1);
  settings.breaker = {.consecutive_failures = 1, .open_for = std::chrono::hours(1)};
  build(settings);
  const ChatOutcome outcome = ask();
  EXPECT_EQ(error_of(outcome).detail, "the model's provider answered 500: broken");
  EXPECT_EQ(error_of(outcome).retry_after, std::chrono::hours(1));
  EXPECT_EQ(server_->seen().size(), 1U);
}

}  // namespace
}  // namespace codelab::infra::openai
