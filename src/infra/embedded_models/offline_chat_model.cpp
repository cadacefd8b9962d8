#include "infra/embedded_models/offline_chat_model.hpp"

#include <algorithm>

#include "core/chat/prompt.hpp"
#include "core/memory/agent_memory.hpp"

namespace codelab::infra::embedded_models {
namespace {

using core::models::PromptMessage;
using core::models::Role;

constexpr std::size_t kQuotedBytes = 300;
constexpr std::size_t kRecalledMemories = 3;

std::string quoted(std::string_view text) {
  const std::string_view shown = core::memory::utf8_prefix(text, kQuotedBytes);
  return "\"" + std::string(shown) + (shown.size() < text.size() ? "…\"" : "\"");
}

/// The memory lines that the prompt's system message ends with.
std::vector<std::string_view> memories_of(const std::vector<PromptMessage>& messages) {
  std::vector<std::string_view> found;
  if (messages.empty() || messages.front().role != Role::system) return found;
  const std::string_view system = messages.front().content;
  auto at = system.find(core::chat::kMemoryHeader);
  while (at != std::string_view::npos && found.size() < kRecalledMemories) {
    at = system.find("\n- ", at);
    if (at == std::string_view::npos) break;
    at += 3;
    found.push_back(system.substr(at, system.find('\n', at) - at));
  }
  return found;
}

/// What the user said just before.
std::string_view earlier_words(const std::vector<PromptMessage>& messages) {
  const auto earlier = std::find_if(messages.rbegin() + 1, messages.rend(),
                                    [](const PromptMessage& message) { return message.role == Role::user; });
  return earlier == messages.rend() ? std::string_view{} : std::string_view(earlier->content);
}

void stream_words(std::string_view text, core::models::TextSink& sink) {
  while (!text.empty()) {
    const auto space = text.find(' ');
    const std::string_view word = text.substr(0, space == std::string_view::npos ? text.size() : space + 1);
    sink.on_text(word);
    text.remove_prefix(word.size());
  }
}

std::int64_t tokens_of(const std::vector<PromptMessage>& messages) {
  std::int64_t tokens = 0;
  for (const PromptMessage& message : messages) tokens += core::chat::estimate_tokens(message.content);
  return tokens;
}

}  // namespace

std::string offline_answer(const std::vector<PromptMessage>& messages) {
  std::string answer = "[offline model: no provider is configured, so this is recalled, not reasoned]\n\nYou said: ";
  answer += quoted(messages.empty() ? std::string_view{} : std::string_view(messages.back().content));
  const auto memories = memories_of(messages);
  if (memories.empty()) {
    answer += "\n\nNothing in my memory matches it yet.";
  } else {
    answer += "\n\nFrom my memory:";
    for (const std::string_view memory : memories) answer.append("\n- ").append(quoted(memory));
  }
  const std::string_view earlier = messages.empty() ? std::string_view{} : earlier_words(messages);
  if (!earlier.empty()) answer += "\n\nBefore that, in this conversation, you said: " + quoted(earlier);
  return answer;
}

base::Task<base::Result<core::models::Completion>> OfflineChatModel::complete(core::models::CompletionRequest request,
                                                                              core::models::TextSink& sink) {
  core::models::Completion completion{.text = offline_answer(request.messages),
                                      .model = std::string(kName),
                                      .tokens = {.prompt_tokens = tokens_of(request.messages)},
                                      .finish_reason = "stop"};
  completion.tokens.completion_tokens = core::chat::estimate_tokens(completion.text);
  stream_words(completion.text, sink);
  co_return completion;
}

}  // namespace codelab::infra::embedded_models
