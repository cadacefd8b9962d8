#include "core/chat/prompt.hpp"

#include <algorithm>

namespace codelab::core::chat {
namespace {

constexpr std::int64_t kTokensPerMessage = 4;
constexpr std::int64_t kMemoryShare = 4;

/// One memory as one line: a line end inside it would look like the next memory, or like text outside the notes.
std::string as_line(std::string_view text) {
  std::string line = "\n- ";
  for (const char c : text) line.push_back(c == '\n' || c == '\r' ? ' ' : c);
  return line;
}

std::int64_t add_memories(std::string& system, const std::vector<memory::MemoryHit>& memories, std::int64_t budget) {
  std::int64_t used = 0;
  std::string lines;
  for (const memory::MemoryHit& hit : memories) {
    const std::string line = as_line(hit.memory.text);
    const std::int64_t cost = estimate_tokens(line);
    if (cost > budget) continue;
    budget -= cost;
    lines += line;
    ++used;
  }
  if (used > 0) system.append("\n\n").append(kMemoryHeader).append(lines);
  return used;
}

models::PromptMessage as_prompt(const Message& message, std::string_view agent_name) {
  if (message.role == MessageRole::user) return {models::Role::user, message.content};
  const std::string author = message.agent_name.value_or("");
  if (author.empty() || author == agent_name) return {models::Role::assistant, message.content};
  return {models::Role::assistant, "[" + author + "] " + message.content};
}

}  // namespace

std::int64_t estimate_tokens(std::string_view text) { return static_cast<std::int64_t>(text.size() + 3) / 4; }

Prompt build_prompt(PromptParts parts) {
  Prompt prompt;
  std::string system = std::move(parts.system_prompt);
  prompt.memories_used = add_memories(system, parts.memories, parts.token_budget / kMemoryShare);
  std::int64_t left =
      parts.token_budget - estimate_tokens(system) - estimate_tokens(parts.message) - 2 * kTokensPerMessage;

  std::vector<models::PromptMessage> history;
  for (auto message = parts.history.rbegin(); message != parts.history.rend(); ++message) {
    auto turn = as_prompt(*message, parts.agent_name);
    left -= estimate_tokens(turn.content) + kTokensPerMessage;
    if (left < 0) break;
    history.push_back(std::move(turn));
  }
  std::ranges::reverse(history);

  prompt.history_used = static_cast<std::int64_t>(history.size());
  if (!system.empty()) prompt.messages.push_back({models::Role::system, std::move(system)});
  std::ranges::move(history, std::back_inserter(prompt.messages));
  prompt.messages.push_back({models::Role::user, std::move(parts.message)});
  return prompt;
}

}  // namespace codelab::core::chat
