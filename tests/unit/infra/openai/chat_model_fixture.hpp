#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "infra/openai/openai_chat_model.hpp"
#include "tests/unit/infra/openai/provider_fixture.hpp"

namespace codelab::tests {

using ChatOutcome = base::Result<core::models::Completion>;

/// Keeps what it hears.
class Listener final : public core::models::TextSink {
 public:
  void on_text(std::string_view piece) override {
    text += piece;
    if (on_piece) on_piece();
  }
  std::string text;
  std::function<void()> on_piece;
};

/// A streamed event with this much more of the answer.
inline std::string delta(std::string_view content) {
  return std::string(R"(data: {"model":"test-model-1","choices":[{"delta":{"content":")")
      .append(content)
      .append("\"}}]}\n\n");
}
inline const std::string kEnd =
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":3}}\n\n"
    "data: [DONE]\n\n";

/// Says "Hello" in two pieces and counts 11 and 3 tokens.
inline Reply good_reply() {
  return {.pieces = {chunked_head() + chunk(delta("Hel")) + chunk(delta("lo") + kEnd) + last_chunk()}};
}

inline base::Error error_of(const ChatOutcome& outcome) {
  if (!outcome) return outcome.error();
  ADD_FAILURE() << "the call succeeded";
  return {};
}

/// A chat model on a scripted server.
class ChatModelTest : public ProviderTest {
 protected:
  /// Serves the replies in order, the last one again and again.
  ScriptedServer& serve(std::vector<Reply> replies) {
    auto next = std::make_shared<std::size_t>(0);
    server_ = std::make_unique<ScriptedServer>([replies = std::move(replies), next](const SeenRequest&) {
      return replies[std::min((*next)++, replies.size() - 1)];
    });
    return *server_;
  }
  void build(infra::openai::ProviderConfig config) {
    model_ = std::make_unique<infra::openai::OpenAiChatModel>(std::move(config), clients_, clock_, observer_);
  }
  base::Task<ChatOutcome> ask(core::models::TextSink& sink) {
    core::models::CompletionRequest request;
    request.messages = {{core::models::Role::user, "Say hello"}};
    auto outcome = co_await model_->complete(std::move(request), sink);
    co_return outcome;
  }
  base::Task<ChatOutcome> ask(std::string model) {
    core::models::CompletionRequest request{.model = std::move(model)};
    auto outcome = co_await model_->complete(std::move(request), listener_);
    co_return outcome;
  }
  ChatOutcome ask() {
    if (!model_) build(config(*server_));
    return run(ask(listener_));
  }

  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<infra::openai::OpenAiChatModel> model_;
  Listener listener_;
};

}  // namespace codelab::tests
