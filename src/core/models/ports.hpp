#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"

/// What agents need from language models; implemented by infra/openai and infra/embedded_models.
namespace codelab::core::models {

enum class Role : std::uint8_t { system, user, assistant, tool };

/// A tool that a model may call.
struct ToolSpec {
  /// Letters, digits, `_` and `-`.
  std::string name;
  std::string description;
  /// A JSON Schema of an object, as text.
  std::string parameters;
};

/// What a model asks for in place of an answer, or beside one.
struct ToolCall {
  /// The provider's own, to which the result refers.
  std::string id;
  std::string name;
  /// A JSON object, as the model wrote it: perhaps none.
  std::string arguments;
};

struct PromptMessage {
  Role role = Role::user;
  std::string content;
  /// Of an assistant's message.
  std::vector<ToolCall> tool_calls = {};
  /// Of a tool's message: whose result it is.
  std::string tool_call_id = {};
};

/// What form the whole answer is to have. A model that cannot be held to it is asked without.
struct AnswerSchema {
  std::string name;
  /// A JSON Schema, as text.
  std::string schema;
};

struct CompletionRequest {
  /// Empty: the provider's configured default.
  std::string model;
  std::vector<PromptMessage> messages;
  double temperature = 0.7;
  /// 0: the provider's own limit.
  std::int64_t max_tokens = 0;
  /// A model that knows no tools is asked without.
  std::vector<ToolSpec> tools = {};
  /// The tools are told because the messages call them; no more of that.
  bool no_more_calls = false;
  std::optional<AnswerSchema> answer_schema = {};
};

struct TokenCounts {
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
};

struct Completion {
  std::string text;
  /// The model that answered, as the provider names it.
  std::string model;
  /// Counted by the provider; estimated (4 bytes a token) when it sends none.
  TokenCounts tokens;
  /// "stop", "length", ... as the provider says.
  std::string finish_reason;
  /// In their order; empty where the text is the answer.
  std::vector<ToolCall> tool_calls = {};
};

/// Receives the answer as it grows. Called on the executor of whoever awaits complete(), never after it returned.
class TextSink {
 public:
  virtual ~TextSink() = default;
  /// `text` is whole UTF-8 sequences, not empty.
  virtual void on_text(std::string_view text) = 0;
};

/// For an answer that nobody reads while it grows.
class NoReader final : public TextSink {
 public:
  void on_text(std::string_view) override {}
};

struct ModelInfo {
  std::string name;
  /// True for the built-in deterministic model: it must be shown as such wherever it answers.
  bool offline = false;
};

/// Thread-safe. Errors: model_failed, model_timeout, overloaded (too many calls wait, or the model's breaker is open).
class ChatModel {
 public:
  virtual ~ChatModel() = default;
  /// A retry happens inside, and only before the first text. Cancelling the awaiting task ends the call.
  virtual base::Task<base::Result<Completion>> complete(CompletionRequest request, TextSink& sink) = 0;
  virtual ModelInfo info() const = 0;
};

/// A vector and the space it lives in: vectors of different models are never compared.
struct Embedding {
  std::string model;
  /// L2-normalised.
  std::vector<float> values;
};

/// Thread-safe. Errors as ChatModel.
class Embedder {
 public:
  virtual ~Embedder() = default;
  /// One embedding a text, in order. `texts` is 1-256 of them, none empty.
  virtual base::Task<base::Result<std::vector<Embedding>>> embed(std::vector<std::string> texts) = 0;
  virtual ModelInfo info() const = 0;
};

}  // namespace codelab::core::models
