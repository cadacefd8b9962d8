#include "infra/openai/openai_chat_model.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/infra/openai/provider_fixture.hpp"

namespace codelab::infra::openai {
namespace {

using base::ErrorCode;
using codelab::tests::chunk;
using codelab::tests::chunked_head;
using codelab::tests::last_chunk;
using codelab::tests::plain_reply;
using codelab::tests::Reply;
using codelab::tests::ScriptedServer;
using codelab::tests::SeenRequest;
using core::models::BreakerState;
using core::models::CallOutcome;
using core::models::Completion;
using std::chrono::milliseconds;
using Outcome = base::Result<Completion>;

class Listener final : public core::models::TextSink {
 public:
  void on_text(std::string_view piece) override {
    text += piece;
    if (on_piece) on_piece();
  }
  std::string text;
  std::function<void()> on_piece;
};

std::string delta(std::string_view content) {
  return std::string(R"(data: {"model":"test-model-1","choices":[{"delta":{"content":")")
      .append(content)
      .append("\"}}]}\n\n");
}
const std::string kEnd =
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":3}}\n\n"
    "data: [DONE]\n\n";

Reply good_reply() {
  return {.pieces = {chunked_head() + chunk(delta("Hel")) + chunk(delta("lo") + kEnd) + last_chunk()}};
}

base::Error error_of(const Outcome& outcome) {
  if (!outcome) return outcome.error();
  ADD_FAILURE() << "the call succeeded";
  return {};
}

class OpenAiChatModelTest : public codelab::tests::ProviderTest {
 protected:
  /// Serves the replies in order, the last one again and again.
  ScriptedServer& serve(std::vector<Reply> replies) {
    auto next = std::make_shared<std::size_t>(0);
    server_ = std::make_unique<ScriptedServer>([replies = std::move(replies), next](const SeenRequest&) {
      return replies[std::min((*next)++, replies.size() - 1)];
    });
    return *server_;
  }
  void build(ProviderConfig config) {
    model_ = std::make_unique<OpenAiChatModel>(std::move(config), clients_, clock_, observer_);
  }
  base::Task<Outcome> ask(core::models::TextSink& sink) {
    core::models::CompletionRequest request;
    request.messages = {{core::models::Role::user, "Say hello"}};
    auto outcome = co_await model_->complete(std::move(request), sink);
    co_return outcome;
  }
  Outcome ask() {
    if (!model_) build(config(*server_));
    return run(ask(listener_));
  }

  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<OpenAiChatModel> model_;
  Listener listener_;
};

TEST_F(OpenAiChatModelTest, StreamsAnAnswer) {
  serve({good_reply()});
  const Outcome outcome = ask();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->text, "Hello");
  EXPECT_EQ(outcome->model, "test-model-1");
  EXPECT_EQ(outcome->finish_reason, "stop");
  EXPECT_EQ(outcome->tokens.prompt_tokens, 11);
  EXPECT_EQ(outcome->tokens.completion_tokens, 3);
  EXPECT_EQ(listener_.text, "Hello");
  const SeenRequest seen = server_->seen().at(0);
  EXPECT_TRUE(seen.has("POST /v1/chat/completions HTTP/1.1"));
  EXPECT_TRUE(seen.has("Authorization: Bearer key-of-the-test\r\n"));
  EXPECT_NE(seen.body.find(R"("model":"test-model")"), std::string::npos);
  EXPECT_EQ(observer_.started(), 1);
  EXPECT_EQ(observer_.outcomes(), std::vector{CallOutcome::ok});
  EXPECT_EQ(observer_.tokens().prompt_tokens, 11);
}

TEST_F(OpenAiChatModelTest, TextArrivesWhileTheAnswerGrows) {
  ScriptedServer& server =
      serve({{.pieces = {chunked_head() + chunk(delta("one")), chunk(delta("two") + kEnd) + last_chunk()},
              .hold_each = true}});
  std::vector<std::string> seen;
  listener_.on_piece = [&] {
    seen.push_back(listener_.text);
    server.release();
  };
  ASSERT_TRUE(ask());
  EXPECT_EQ(seen, (std::vector<std::string>{"one", "onetwo"}));
}

TEST_F(OpenAiChatModelTest, BytesThatComeOneByOneMakeTheSameAnswer) {
  Reply reply{.pieces = {chunked_head()}};
  for (const char byte : delta("при") + delta("вет 😀") + kEnd) reply.pieces.push_back(chunk({&byte, 1}));
  reply.pieces.push_back(last_chunk());
  serve({reply});
  const Outcome outcome = ask();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->text, "привет 😀");
}

TEST_F(OpenAiChatModelTest, WithoutAKeyNoneIsSent) {
  serve({good_reply()});
  auto settings = config(*server_);
  settings.api_key.clear();
  build(settings);
  ASSERT_TRUE(ask());
  EXPECT_FALSE(server_->seen().at(0).has("Authorization"));
}

TEST_F(OpenAiChatModelTest, AServerThatDoesNotStreamIsUnderstood) {
  serve({plain_reply(200, R"({"choices":[{"message":{"content":"whole"},"finish_reason":"stop"}]})")});
  const Outcome outcome = ask();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->text, "whole");
  EXPECT_EQ(outcome->model, "test-model");
  // Nine bytes of prompt and five of answer, at four bytes a token.
  EXPECT_EQ(outcome->tokens.prompt_tokens, 3);
  EXPECT_EQ(outcome->tokens.completion_tokens, 2);
}

TEST_F(OpenAiChatModelTest, TriesAgainWhenItIsAskedToWait) {
  serve({plain_reply(429, R"({"error":{"message":"slow down"}})", "Retry-After: 0\r\n"), good_reply()});
  EXPECT_TRUE(ask());
  EXPECT_EQ(observer_.retries(), std::vector<std::string>{"rate_limited"});
  EXPECT_EQ(listener_.text, "Hello");
}

TEST_F(OpenAiChatModelTest, RetryAfterIsWaitedOut) {
  serve({plain_reply(429, "", "Retry-After: 1\r\n"), good_reply()});
  const auto started = std::chrono::steady_clock::now();
  EXPECT_TRUE(ask());
  EXPECT_GE(std::chrono::steady_clock::now() - started, milliseconds(1000));
}

TEST_F(OpenAiChatModelTest, TriesAgainAfterServerErrorsAndLostConnections) {
  Reply busy = plain_reply(503, "<html>busy</html>");
  // A connection of its own for the next attempt: curl replaces a dead one from its pool without a word.
  busy.after = Reply::After::close;
  serve({busy, Reply{.after = Reply::After::reset}, good_reply()});
  EXPECT_TRUE(ask());
  EXPECT_EQ(observer_.retries(), (std::vector<std::string>{"server_error", "connection_lost"}));
}

TEST_F(OpenAiChatModelTest, TriesAgainWhenTheAnswerIsCutBeforeItsFirstText) {
  serve({{.pieces = {chunked_head() + chunk(": wait\n\n")}, .after = Reply::After::close}, good_reply()});
  EXPECT_TRUE(ask());
}

TEST_F(OpenAiChatModelTest, TriesAgainWhenAnErrorComesInPlaceOfText) {
  serve({{.pieces = {chunked_head() + chunk("data: {\"error\":{\"code\":503,\"message\":\"busy\"}}\n\n")},
          .after = Reply::After::close},
         good_reply()});
  EXPECT_TRUE(ask());
  EXPECT_EQ(observer_.retries(), std::vector<std::string>{"provider_error"});
}

TEST_F(OpenAiChatModelTest, GivesUpAfterItsAttempts) {
  serve({plain_reply(500, R"({"error":{"message":"broken"}})")});
  const Outcome outcome = ask();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(error_of(outcome).code, ErrorCode::model_failed);
  EXPECT_EQ(error_of(outcome).detail, "the model's provider answered 500: broken");
  EXPECT_EQ(server_->seen().size(), 3U);
  EXPECT_EQ(observer_.outcomes(), std::vector{CallOutcome::failed});
}

TEST_F(OpenAiChatModelTest, NeverTriesAgainAfterTheFirstText) {
  for (const auto after : {Reply::After::close, Reply::After::reset}) {
    serve({{.pieces = {chunked_head() + chunk(delta("half"))}, .after = after}, good_reply()});
    model_.reset();
    listener_.text.clear();
    const Outcome outcome = ask();
    ASSERT_FALSE(outcome);
    EXPECT_EQ(error_of(outcome).code, ErrorCode::model_failed);
    EXPECT_EQ(listener_.text, "half");
    EXPECT_EQ(server_->seen().size(), 1U);
  }
}

TEST_F(OpenAiChatModelTest, AConnectionLostAfterTheFinishReasonStillGivesTheAnswer) {
  serve({{.pieces = {chunked_head() + chunk(delta("all") + kEnd.substr(0, kEnd.find("data: [DONE]")))},
          .after = Reply::After::close}});
  const Outcome outcome = ask();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->text, "all");
}

TEST_F(OpenAiChatModelTest, ARefusalIsExplainedWithoutTheKey) {
  serve({plain_reply(401, R"({"error":{"message":"Bad key key-of-the-test","code":"invalid_api_key"}})")});
  const Outcome outcome = ask();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(error_of(outcome).code, ErrorCode::model_failed);
  EXPECT_EQ(error_of(outcome).detail, "the model's provider answered 401: Bad key [key]");
  EXPECT_EQ(server_->seen().size(), 1U);
}

TEST_F(OpenAiChatModelTest, ALongExplanationIsShortened) {
  serve({plain_reply(400, R"({"error":{"message":")" + std::string(5000, 'x') + "\"}}")});
  EXPECT_EQ(error_of(ask()).detail, "the model's provider answered 400: " + std::string(300, 'x'));
}

TEST_F(OpenAiChatModelTest, AnEmptyAccountIsNotAskedAgain) {
  serve({plain_reply(429, R"({"error":{"message":"no funds","code":"insufficient_quota"}})")});
  EXPECT_FALSE(ask());
  EXPECT_EQ(server_->seen().size(), 1U);
}

TEST_F(OpenAiChatModelTest, AnUnreasonableWaitIsPassedOn) {
  serve({plain_reply(429, "", "Retry-After: 3600\r\n")});
  const Outcome outcome = ask();
  EXPECT_EQ(error_of(outcome).retry_after, std::chrono::seconds(3600));
  EXPECT_EQ(server_->seen().size(), 1U);
}

TEST_F(OpenAiChatModelTest, ARefusedParameterIsLeftOutFromThenOn) {
  server_ = std::make_unique<ScriptedServer>([](const SeenRequest& request) {
    if (request.body.find("stream_options") == std::string::npos) return good_reply();
    return plain_reply(400, R"({"error":{"message":"Unrecognized request argument supplied: stream_options"}})");
  });
  EXPECT_TRUE(ask());
  EXPECT_TRUE(ask());
  EXPECT_EQ(server_->seen().size(), 3U);
  EXPECT_EQ(observer_.retries(), std::vector<std::string>{"parameter_refused"});
}

TEST_F(OpenAiChatModelTest, CallsThatLearnTheSameAtOnceAllSucceed) {
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

TEST_F(OpenAiChatModelTest, AServerThatHangsTimesOut) {
  serve({Reply{.after = Reply::After::hang}});
  auto settings = config(*server_);
  settings.first_token_deadline = milliseconds(50);
  build(settings);
  const Outcome outcome = ask();
  EXPECT_EQ(error_of(outcome).code, ErrorCode::model_timeout);
  EXPECT_EQ(observer_.outcomes(), std::vector{CallOutcome::timeout});
  EXPECT_EQ(server_->seen().size(), 1U);
}

TEST_F(OpenAiChatModelTest, KeepAlivesDoNotPutOffTheFirstToken) {
  serve({{.pieces = {chunked_head() + chunk(": wait\n\n")}, .after = Reply::After::hang}});
  auto settings = config(*server_);
  settings.first_token_deadline = milliseconds(60);
  build(settings);
  EXPECT_EQ(error_of(ask()).detail, "the model's provider did not begin to answer in time");
}

TEST_F(OpenAiChatModelTest, AnAnswerThatStopsInTheMiddleTimesOut) {
  serve({{.pieces = {chunked_head() + chunk(delta("half"))}, .after = Reply::After::hang}});
  auto settings = config(*server_);
  settings.idle_timeout = milliseconds(50);
  build(settings);
  EXPECT_EQ(error_of(ask()).code, ErrorCode::model_timeout);
  EXPECT_EQ(listener_.text, "half");
}

TEST_F(OpenAiChatModelTest, TheDeadlineBoundsTheWholeCall) {
  serve({{.pieces = {chunked_head() + chunk(delta("half"))}, .after = Reply::After::hang}});
  auto settings = config(*server_);
  settings.call_deadline = milliseconds(60);
  build(settings);
  EXPECT_EQ(error_of(ask()).code, ErrorCode::model_timeout);
}

TEST_F(OpenAiChatModelTest, GarbageIsAFailureThatIsNotRepeated) {
  for (const std::string garbage : {"data: {oops\n\n", "<html>hello</html>", "data: [DONE]\n\n"}) {
    serve({plain_reply(200, garbage)});
    model_.reset();
    const Outcome outcome = ask();
    ASSERT_FALSE(outcome) << garbage;
    EXPECT_EQ(error_of(outcome).code, ErrorCode::model_failed);
    EXPECT_EQ(server_->seen().size(), 1U);
  }
}

TEST_F(OpenAiChatModelTest, AHugeAnswerIsBrokenOff) {
  Reply reply{.pieces = {chunked_head()}, .after = Reply::After::hang};
  for (int i = 0; i < 50; ++i) reply.pieces.push_back(chunk(delta(std::string(1000, 'x'))));
  serve({reply});
  auto settings = config(*server_);
  settings.max_answer_bytes = 10'000;
  build(settings);
  const Outcome outcome = ask();
  EXPECT_EQ(error_of(outcome).code, ErrorCode::model_failed);
  EXPECT_LE(listener_.text.size(), 10'000U);
}

TEST_F(OpenAiChatModelTest, ADeadServerIsAFailure) {
  serve({good_reply()});
  build(config(*server_));
  server_.reset();
  const Outcome outcome = ask();
  EXPECT_EQ(error_of(outcome).code, ErrorCode::model_failed);
  EXPECT_EQ(error_of(outcome).detail, "the model's provider cannot be reached");
}

TEST_F(OpenAiChatModelTest, CallsInFlightAreBoundedAcrossCores) {
  auto held = good_reply();
  held.hold_first = true;
  ScriptedServer& server = serve({held});
  auto settings = config(server);
  settings.max_in_flight = 2;
  settings.max_waiting = 2;
  build(settings);
  std::vector<Listener> listeners(5);
  std::vector<codelab::tests::Running<Outcome>> calls;
  for (std::size_t i = 0; i < 5; ++i) calls.push_back(spawn(ask(listeners[i]), i % 2));
  // Two are at the server, two wait, and one of the five is refused at once.
  ASSERT_TRUE(server.wait_for_requests(2));
  while (observer_.outcomes().empty()) std::this_thread::yield();
  EXPECT_EQ(observer_.outcomes(), std::vector{CallOutcome::overloaded});
  EXPECT_EQ(server.seen().size(), 2U);
  for (int i = 0; i < 4; ++i) server.release();
  int refused = 0;
  for (auto& call : calls) {
    const Outcome outcome = call.get();
    if (outcome) continue;
    ++refused;
    EXPECT_EQ(error_of(outcome).code, ErrorCode::overloaded);
    EXPECT_TRUE(error_of(outcome).retry_after);
  }
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(server.seen().size(), 4U);
  EXPECT_EQ(model_->link().in_flight(), 0U);
}

TEST_F(OpenAiChatModelTest, CancellationEndsTheCallAndFreesItsPlace) {
  ScriptedServer& server = serve({Reply{.after = Reply::After::hang}, good_reply()});
  auto settings = config(server);
  settings.max_in_flight = 1;
  build(settings);
  Listener other;
  auto hanging = spawn(ask(listener_));
  ASSERT_TRUE(server.wait_for_requests(1));
  auto waiting = spawn(ask(other), 1);
  while (model_->link().waiting() == 0) std::this_thread::yield();
  hanging.cancel();
  EXPECT_THROW(static_cast<void>(hanging.get()), boost::system::system_error);
  EXPECT_TRUE(server.wait_for_gone(1));
  EXPECT_TRUE(waiting.get());
  EXPECT_EQ(model_->link().in_flight(), 0U);
  auto outcomes = observer_.outcomes();
  std::ranges::sort(outcomes);
  EXPECT_EQ(outcomes, (std::vector{CallOutcome::ok, CallOutcome::cancelled}));
}

TEST_F(OpenAiChatModelTest, TheBreakerKeepsCallsAwayAndLetsOneProbe) {
  ScriptedServer& server = serve({plain_reply(500, ""), plain_reply(500, ""), good_reply()});
  auto settings = config(server);
  settings.retry.max_attempts = 1;
  settings.breaker = {.consecutive_failures = 2, .open_for = milliseconds(150)};
  build(settings);
  EXPECT_EQ(error_of(ask()).code, ErrorCode::model_failed);
  EXPECT_EQ(error_of(ask()).code, ErrorCode::model_failed);
  const Outcome resting = ask();
  EXPECT_EQ(error_of(resting).code, ErrorCode::overloaded);
  EXPECT_EQ(error_of(resting).retry_after, std::chrono::seconds(1));
  EXPECT_EQ(server.seen().size(), 2U);
  Outcome again = resting;
  const auto watchdog = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!again && std::chrono::steady_clock::now() < watchdog) again = ask();
  EXPECT_TRUE(again);
  EXPECT_EQ(observer_.states(), (std::vector{BreakerState::open, BreakerState::half_open, BreakerState::closed}));
}

TEST_F(OpenAiChatModelTest, RefusalsDoNotOpenTheBreaker) {
  serve({plain_reply(400, "")});
  auto settings = config(*server_);
  settings.breaker = {.consecutive_failures = 1};
  build(settings);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(error_of(ask()).code, ErrorCode::model_failed);
  EXPECT_TRUE(observer_.states().empty());
}

TEST_F(OpenAiChatModelTest, WhatTheSinkThrowsComesOut) {
  serve({good_reply()});
  listener_.on_piece = [] { throw std::runtime_error("full"); };
  EXPECT_THROW(static_cast<void>(ask()), std::runtime_error);
  EXPECT_EQ(observer_.outcomes(), std::vector{CallOutcome::failed});
}

}  // namespace
}  // namespace codelab::infra::openai
