#include "core/chat/direct_call.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>

#include "core/chat/direct_call_events.hpp"
#include "core/chat/recall.hpp"

namespace codelab::core::chat {
namespace {

constexpr std::int64_t kHistoryMessages = 200;

models::CompletionRequest completion_request(const Call& call, Prompt prompt) {
  return {.model = call.agent.config.model,
          .messages = std::move(prompt.messages),
          .temperature = call.agent.config.temperature,
          .max_tokens = call.agent.config.max_tokens};
}

/// Readers get the answer's text once they know what it rests on.
base::Task<bool> tell_context(TaskStore& tasks, const Call& call, events::NewEvent event, AnswerText& sink) {
  std::vector<events::NewEvent> events{std::move(event)};
  const bool wanted = co_await tasks.append(call.scope, call.task, std::move(events));
  if (!wanted) throw TaskGone();
  sink.open();
  co_return true;
}

/// The model need not wait until the context is stored; if that fails, what it failed with is thrown and the model is
/// stopped.
base::Task<base::Result<models::Completion>> complete_beside(base::Task<bool> telling,
                                                             base::Task<base::Result<models::Completion>> completing) {
  using boost::asio::experimental::awaitable_operators::operator&&;
  try {
    auto [told, completion] = co_await (std::move(telling) && std::move(completing));
    co_return std::move(completion);
  } catch (const boost::asio::multiple_exceptions& both) {
    std::rethrow_exception(both.first_exception());
  }
}

}  // namespace

base::Task<> DirectCallRunner::run(Call call) { co_await ports_.lifecycle.run(call, attempt(call)); }

base::Task<std::optional<base::Error>> DirectCallRunner::attempt(const Call& call) {
  auto history = co_await this->history(call);
  const auto recalled = co_await recall(ports_.memory, call.scope, call.agent, call.task.id, call.request.content);
  PromptParts parts{.system_prompt = call.agent.config.system_prompt,
                    .memories = recalled.memories,
                    .history = std::move(history),
                    .agent_name = call.agent.name,
                    .message = call.request.content,
                    .token_budget = std::max(context_tokens_ / 4, context_tokens_ - call.agent.config.max_tokens)};
  Prompt prompt = build_prompt(std::move(parts));
  auto context_event =
      context_retrieved(call.task, recalled.memories, prompt, recalled.error ? recalled.error->detail : "");

  const auto answer_id = base::MessageId::generate();
  AnswerText sink(ports_.hub, call, answer_id);
  auto request = completion_request(call, std::move(prompt));
  auto told = tell_context(ports_.tasks, call, std::move(context_event), sink);
  auto completion = co_await complete_beside(std::move(told), ports_.model.complete(std::move(request), sink));
  if (!completion) co_return completion.error();

  Message answer = answer_message(call, answer_id, std::move(*completion));
  std::string content = answer.content;
  const auto memory_due = ports_.interactions.due(call.agent, content);
  const bool completed = co_await ports_.lifecycle.complete(call, std::move(answer), memory_due);
  if (completed) co_await ports_.interactions.remember(call.scope, call.agent, call.request, std::move(content));
  co_return std::nullopt;
}

base::Task<std::vector<Message>> DirectCallRunner::history(const Call& call) {
  if (!call.has_history) co_return std::vector<Message>{};
  co_return co_await ports_.messages.history(call.scope, call.task.session_id, call.request.id, kHistoryMessages);
}

Message DirectCallRunner::answer_message(const Call& call, base::MessageId id, models::Completion completion) const {
  const models::TokenCounts& tokens = completion.tokens;
  return {.id = id,
          .session_id = call.task.session_id,
          .role = MessageRole::assistant,
          .content = std::move(completion.text),
          .agent_id = call.agent.id,
          .agent_name = call.agent.name,
          .task_id = call.task.id,
          .model = completion.model,
          .usage = Usage{.prompt_tokens = tokens.prompt_tokens,
                         .completion_tokens = tokens.completion_tokens,
                         .cost_usd = ports_.prices.cost_usd(completion.model, tokens)},
          .created_at = ports_.clock.now()};
}

}  // namespace codelab::core::chat
