#include "infra/openai/openai_chat_model.hpp"

#include <stdexcept>
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
using codelab::tests::kEnd;
using codelab::tests::last_chunk;
using codelab::tests::plain_reply;
using codelab::tests::Reply;
using codelab::tests::ScriptedServer;
using codelab::tests::SeenRequest;
using core::models::CallOutcome;

class OpenAiChatModelTest : public codelab::tests::ChatModelTest {};

TEST_F(OpenAiChatModelTest, StreamsAnAnswer) {
  serve({good_reply()});
  const ChatOutcome outcome = ask();
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
  const ChatOutcome outcome = ask();
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
  const ChatOutcome outcome = ask();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->text, "whole");
  EXPECT_EQ(outcome->model, "test-model");
  // Nine bytes of prompt and five of answer, at four bytes a token.
  EXPECT_EQ(outcome->tokens.prompt_tokens, 3);
  EXPECT_EQ(outcome->tokens.completion_tokens, 2);
}

TEST_F(OpenAiChatModelTest, AConnectionLostAfterTheFinishReasonStillGivesTheAnswer) {
  serve({{.pieces = {chunked_head() + chunk(delta("all") + kEnd.substr(0, kEnd.find("data: [DONE]")))},
          .after = Reply::After::close}});
  const ChatOutcome outcome = ask();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->text, "all");
}

TEST_F(OpenAiChatModelTest, ARefusalIsExplainedWithoutTheKey) {
  serve({plain_reply(401, R"({"error":{"message":"Bad key key-of-the-test","code":"invalid_api_key"}})")});
  const ChatOutcome outcome = ask();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(error_of(outcome).code, ErrorCode::model_failed);
  EXPECT_EQ(error_of(outcome).detail, "the model's provider answered 401: Bad key [key]");
  EXPECT_EQ(server_->seen().size(), 1U);
}

TEST_F(OpenAiChatModelTest, ALongExplanationIsShortened) {
  serve({plain_reply(400, R"({"error":{"message":")" + std::string(5000, 'x') + "\"}}")});
  EXPECT_EQ(error_of(ask()).detail, "the model's provider answered 400: " + std::string(300, 'x'));
}

TEST_F(OpenAiChatModelTest, GarbageIsAFailureThatIsNotRepeated) {
  for (const std::string garbage : {"data: {oops\n\n", "<html>hello</html>", "data: [DONE]\n\n"}) {
    serve({plain_reply(200, garbage)});
    model_.reset();
    const ChatOutcome outcome = ask();
    ASSERT_FALSE(outcome) << garbage;
    EXPECT_EQ(error_of(outcome).code, ErrorCode::model_failed);
    EXPECT_EQ(server_->seen().size(), 1U);
  }
}

TEST_F(OpenAiChatModelTest, ADeadServerIsAFailure) {
  serve({good_reply()});
  build(config(*server_));
  server_.reset();
  const ChatOutcome outcome = ask();
  EXPECT_EQ(error_of(outcome).code, ErrorCode::model_failed);
  EXPECT_EQ(error_of(outcome).detail, "the model's provider cannot be reached");
}

TEST_F(OpenAiChatModelTest, WhatTheSinkThrowsComesOut) {
  serve({good_reply()});
  listener_.on_piece = [] { throw std::runtime_error("full"); };
  EXPECT_THROW(static_cast<void>(ask()), std::runtime_error);
  EXPECT_EQ(observer_.outcomes(), std::vector{CallOutcome::failed});
}

}  // namespace
}  // namespace codelab::infra::openai
