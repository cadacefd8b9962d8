#include "core/work/work_events.hpp"

#include <chrono>
#include <optional>
#include <string>

#include "base/describe/encode.hpp"
#include "core/memory/agent_memory.hpp"

namespace codelab::core::work {
namespace {

constexpr std::size_t kPreviewBytes = 500;
constexpr std::size_t kMessageBytes = 4'000;

struct ToolCallPayload {
  std::string_view call_id;
  std::string_view tool;
  std::string_view arguments;

  static constexpr std::string_view kName = "ToolCallPayload";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("call_id", &ToolCallPayload::call_id), field("tool", &ToolCallPayload::tool),
                        field("arguments", &ToolCallPayload::arguments));
  }
};

struct ToolResultPayload {
  std::string_view call_id;
  std::string_view tool;
  bool failed = false;
  std::string_view preview;

  static constexpr std::string_view kName = "ToolResultPayload";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("call_id", &ToolResultPayload::call_id), field("tool", &ToolResultPayload::tool),
                        field("failed", &ToolResultPayload::failed), field("preview", &ToolResultPayload::preview));
  }
};

struct AgentMessagePayload {
  std::string_view from;
  std::string_view to;
  std::string_view content;
  base::TaskId step_task_id;

  static constexpr std::string_view kName = "AgentMessagePayload";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("from", &AgentMessagePayload::from), field("to", &AgentMessagePayload::to),
                        field("content", &AgentMessagePayload::content),
                        field("step_task_id", &AgentMessagePayload::step_task_id));
  }
};

struct StepPayload {
  std::optional<std::string_view> node;
  std::string_view preview;
  chat::Usage usage;
  std::int64_t duration_ms = 0;

  static constexpr std::string_view kName = "StepPayload";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("node", &StepPayload::node), field("preview", &StepPayload::preview),
                        field("usage", &StepPayload::usage), field("duration_ms", &StepPayload::duration_ms));
  }
};

events::NewEvent of_task(const chat::Task& task, events::EventType type, std::string payload) {
  return {.type = type, .task = task.id, .agent = task.agent_name, .payload = std::move(payload)};
}

}  // namespace

events::NewEvent tool_call(const chat::Task& task, const CallPart& call) {
  const ToolCallPayload payload{
      .call_id = call.id, .tool = call.name, .arguments = memory::utf8_prefix(call.arguments, kMessageBytes)};
  return of_task(task, events::EventType::tool_call, base::encode(payload));
}

events::NewEvent tool_result(const chat::Task& task, const CallPart& call, const ResultPart& result) {
  const ToolResultPayload payload{.call_id = call.id,
                                  .tool = call.name,
                                  .failed = result.failed,
                                  .preview = memory::utf8_prefix(result.text, kPreviewBytes)};
  return of_task(task, events::EventType::tool_result, base::encode(payload));
}

events::NewEvent agent_message(const chat::Task& task, const AgentMessage& message) {
  const AgentMessagePayload payload{.from = message.from,
                                    .to = message.to,
                                    .content = memory::utf8_prefix(message.content, kMessageBytes),
                                    .step_task_id = message.step};
  return {.type = events::EventType::agent_message,
          .task = task.id,
          .agent = std::string(message.from),
          .payload = base::encode(payload)};
}

events::NewEvent step_completed(const chat::Task& step, std::string_view node, std::string_view result,
                                const chat::Usage& usage) {
  const auto duration = step.completed_at.value_or(step.created_at) - step.started_at.value_or(step.created_at);
  const StepPayload payload{.node = node.empty() ? std::nullopt : std::optional(node),
                            .preview = memory::utf8_prefix(result, kPreviewBytes),
                            .usage = usage,
                            .duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()};
  return of_task(step, events::EventType::task_completed, base::encode(payload));
}

}  // namespace codelab::core::work
