#include "infra/openai/chat_request.hpp"

#include <gtest/gtest.h>

namespace codelab::infra::openai {
namespace {

using core::models::Role;

const core::models::CompletionRequest kRequest{
    .model = "gpt-4o", .messages = {{Role::system, "be \"brief\""}, {Role::user, "hi"}}, .temperature = 0.5};

TEST(ChatRequestTest, TheBodyIsWhatTheInterfaceAsksFor) {
  EXPECT_EQ(
      chat_request_body(kRequest, {}),
      R"({"model":"gpt-4o","messages":[{"role":"system","content":"be \"brief\""},{"role":"user","content":"hi"}],)"
      R"("temperature":0.5,"stream":true,"stream_options":{"include_usage":true}})");
}

TEST(ChatRequestTest, ABoundOfTokensIsSentWhenThereIsOne) {
  auto request = kRequest;
  request.max_tokens = 64;
  EXPECT_NE(chat_request_body(request, {}).find(R"("max_tokens":64)"), std::string::npos);
  const std::string other = chat_request_body(request, {.max_completion_tokens = true});
  EXPECT_NE(other.find(R"("max_completion_tokens":64)"), std::string::npos);
}

TEST(ChatRequestTest, WhatTheServerDoesNotTakeIsLeftOut) {
  const std::string body = chat_request_body(kRequest, {.no_temperature = true, .no_stream_options = true});
  EXPECT_EQ(body.find("temperature"), std::string::npos);
  EXPECT_EQ(body.find("stream_options"), std::string::npos);
}

TEST(ChatDialectTest, LearnsFromARefusalOnce) {
  const ProviderError refusal{
      .message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'.",
      .code = "unsupported_parameter",
      .param = "max_tokens"};
  ChatDialect dialect;
  EXPECT_TRUE(dialect.learn(refusal));
  EXPECT_TRUE(dialect.max_completion_tokens);
  EXPECT_FALSE(dialect.learn(refusal));
  EXPECT_TRUE(dialect.learn({.message = "Extra inputs are not permitted: body.stream_options"}));
  EXPECT_TRUE(dialect.no_stream_options);
  EXPECT_TRUE(dialect.learn({.message = "temperature does not support 0.5", .param = "temperature"}));
  EXPECT_TRUE(dialect.no_temperature);
}

TEST(ChatDialectTest, TheCallersOwnMistakesTeachNothing) {
  ChatDialect dialect;
  EXPECT_FALSE(dialect.learn({.message = "temperature must be at most 1", .param = "temperature"}));
  EXPECT_FALSE(dialect.learn({.message = "max_tokens is too large", .param = "max_tokens"}));
  EXPECT_FALSE(dialect.learn({.message = "no such model"}));
}

TEST(ChatDialectTest, EachModelIsRememberedOnItsOwn) {
  ChatDialects dialects;
  dialects.remember("o9", {.no_temperature = true});
  EXPECT_TRUE(dialects.of("o9").no_temperature);
  EXPECT_FALSE(dialects.of("gpt-4o").no_temperature);
}

}  // namespace
}  // namespace codelab::infra::openai
