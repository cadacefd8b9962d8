#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "core/models/ports.hpp"
#include "infra/openai/provider_error.hpp"

namespace codelab::infra::openai {

/// In what a server or a model departs from the common form of a chat completion request.
struct ChatDialect {
  /// `max_completion_tokens` in place of `max_tokens`: OpenAI's reasoning models.
  bool max_completion_tokens = false;
  /// Any temperature but the model's own is refused.
  bool no_temperature = false;
  /// `stream_options` is refused: no token counts come with the stream.
  bool no_stream_options = false;
  /// `response_format` with a schema is refused.
  bool no_answer_schema = false;
  /// `tools` are refused.
  bool no_tools = false;

  /// Learns from a refusal; false when it names nothing that can be said otherwise.
  bool learn(const ProviderError& refusal);
};

/// What was learnt about each model, for the process's life. Thread-safe.
class ChatDialects {
 public:
  ChatDialect of(std::string_view model) const;
  void remember(std::string_view model, const ChatDialect& dialect);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, ChatDialect, std::less<>> known_;
};

/// The JSON body of a streamed chat completion.
std::string chat_request_body(const core::models::CompletionRequest& request, const ChatDialect& dialect);

}  // namespace codelab::infra::openai
