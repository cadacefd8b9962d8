#include "core/orchestration/step_runner.hpp"

#include <algorithm>
#include <utility>

#include "core/chat/direct_call_events.hpp"
#include "core/chat/prompt.hpp"
#include "core/chat/recall.hpp"

namespace codelab::core::orchestration {
std::int64_t StepRunner::message_budget(const agents::CallableAgent& agent) const {
  return std::max(context_tokens_ / 4, context_tokens_ - agent.config.max_tokens) / 2;
}

base::Task<base::Result<StepResult>> StepRunner::run(identity::UserScope scope, agents::CallableAgent agent,
                                                     chat::Task step, std::string message) {
  const auto recalled = co_await chat::recall(ports_.memory, scope, agent, step.id, message);
  chat::PromptParts parts{.system_prompt = agent.config.system_prompt,
                          .memories = recalled.memories,
                          .history = {},
                          .agent_name = agent.name,
                          .message = std::move(message),
                          .token_budget = 2 * message_budget(agent)};
  chat::Prompt prompt = chat::build_prompt(std::move(parts));
  auto context = chat::context_retrieved(step, recalled.memories, prompt, recalled.error ? recalled.error->detail : "");
  models::NoReader nobody;
  models::CompletionRequest request{.model = agent.config.model,
                                    .messages = std::move(prompt.messages),
                                    .temperature = agent.config.temperature,
                                    .max_tokens = agent.config.max_tokens};
  auto completion = co_await ports_.model.complete(std::move(request), nobody);
  if (!completion) co_return completion.error();
  co_return StepResult{.text = std::move(completion->text),
                       .usage = {.prompt_tokens = completion->tokens.prompt_tokens,
                                 .completion_tokens = completion->tokens.completion_tokens,
                                 .cost_usd = ports_.prices.cost_usd(completion->model, completion->tokens)},
                       .context = std::move(context)};
}

}  // namespace codelab::core::orchestration
