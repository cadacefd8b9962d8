#include "core/work/direct_call.hpp"

#include <utility>

#include "core/chat/answer_text.hpp"

namespace codelab::core::work {
namespace {

constexpr std::int64_t kHistoryMessages = 200;

chat::Message answer_message(const chat::Call& call, base::MessageId id, Worked worked, base::Timestamp now) {
  return {.id = id,
          .session_id = call.task.session_id,
          .role = chat::MessageRole::assistant,
          .content = std::move(worked.text),
          .agent_id = call.agent.id,
          .agent_name = call.agent.name,
          .task_id = call.task.id,
          .model = std::move(worked.model),
          .usage = worked.usage,
          .created_at = now};
}

}  // namespace

base::Task<> DirectCallRunner::run(chat::Call call, bus::AgentBus::Turn& turn) {
  co_await ports_.lifecycle.run(call, [&](bool again) { return attempt(call, turn, again); });
}

base::Task<std::optional<base::Error>> DirectCallRunner::attempt(const chat::Call& call, bus::AgentBus::Turn& turn,
                                                                 bool again) {
  co_await turn.come_back();
  const Assignment assignment{.scope = call.scope,
                              .task = call.task,
                              .agent = call.agent,
                              .message = call.request.content,
                              .history = co_await history(call),
                              .asked_by = {},
                              .resumed = again};
  const auto answer_id = base::MessageId::generate();
  chat::AnswerText text(ports_.hub, call, answer_id);
  Allowance allowance = ports_.worker.allowance();
  allowance.spend(call.spent);
  auto worked = co_await ports_.worker.work(assignment, turn, allowance, &text);
  if (!worked) co_return worked.error();
  worked->usage = allowance.spent;

  chat::Message answer = answer_message(call, answer_id, std::move(*worked), ports_.clock.now());
  std::string content = answer.content;
  const auto memory_due = ports_.interactions.due(call.agent, content);
  const bool completed = co_await ports_.lifecycle.complete(call, std::move(answer), memory_due);
  if (completed) co_await ports_.interactions.remember(call.scope, call.agent, call.request, std::move(content));
  co_return std::nullopt;
}

base::Task<std::vector<chat::Message>> DirectCallRunner::history(const chat::Call& call) {
  if (!call.has_history) co_return std::vector<chat::Message>{};
  co_return co_await ports_.messages.history(call.scope, call.task.session_id, call.request.id, kHistoryMessages);
}

}  // namespace codelab::core::work
