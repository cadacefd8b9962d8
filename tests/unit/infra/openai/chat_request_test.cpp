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

TEST(ChatRequestTest, ToolsAndTheirCallsAndResultsAreSent) {
  auto request = kRequest;
  request.tools = {{.name = "ask", .description = "Asks.", .parameters = R"({"type":"object"})"}};
  request.messages.push_back(
      {.role = Role::assistant, .content = "", .tool_calls = {{.id = "c1", .name = "ask", .arguments = R"({"a":1})"}}});
  request.messages.push_back({.role = Role::tool, .content = "yes", .tool_call_id = "c1"});
  const std::string body = chat_request_body(request, {});
  EXPECT_NE(body.find(R"("tools":[{"type":"function","function":{"name":"ask","description":"Asks.",)"
                      R"("parameters":{"type":"object"}}}])"),
            std::string::npos)
      << body;
  EXPECT_NE(body.find(R"({"role":"assistant","content":"","tool_calls":[{"id":"c1","type":"function",)"
                      R"("function":{"name":"ask","arguments":"{\"a\":1}"}}]},)"
                      R"({"role":"tool","content":"yes","tool_call_id":"c1"}])"),
            std::string::npos)
      << body;
  EXPECT_EQ(chat_request_body(request, {.no_tools = true}).find(R"("tools")"), std::string::npos);
}

TEST(ChatRequestTest, TheFormOfTheAnswerIsSent) {
  auto request = kRequest;
  request.answer_schema = core::models::AnswerSchema{.name = "plan", .schema = R"({"type":"object"})"};
  EXPECT_NE(chat_request_body(request, {})
                .find(R"("response_format":{"type":"json_schema","json_schema":{"name":"plan",)"
                      R"("schema":{"type":"object"}}})"),
            std::string::npos);
  EXPECT_EQ(chat_request_body(request, {.no_answer_schema = true}).find("response_format"), std::string::npos);
}

TEST(ChatDialectTest, LearnsWhatAModelCannotDo) {
  ChatDialect dialect;
  EXPECT_TRUE(dialect.learn({.message = "registry/llama2 does not support tools"}));
  EXPECT_TRUE(dialect.no_tools);
  EXPECT_TRUE(dialect.learn({.message = "'response_format' of type 'json_schema' is not supported with this model."}));
  EXPECT_TRUE(dialect.no_answer_schema);
  EXPECT_FALSE(dialect.learn({.message = "tools must be at most 128"}));
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
