#pragma once

#include <string_view>

#include "core/chat/values.hpp"
#include "core/events/event.hpp"
#include "core/work/tool.hpp"
#include "core/work/work_parts.hpp"

/// The events of an agent's work between the beginning and the end of its task. Long texts are shortened.
namespace codelab::core::work {

events::NewEvent tool_call(const chat::Task& task, const CallPart& call);
events::NewEvent tool_result(const chat::Task& task, const CallPart& call, const ResultPart& result);
/// From one agent to another. `step` is the task in which the one who was asked works on the answer.
struct AgentMessage {
  std::string_view from;
  std::string_view to;
  std::string_view content;
  base::TaskId step;
};
events::NewEvent agent_message(const chat::Task& task, const AgentMessage& message);
/// The end of a task that gives its result to another one. `node`: where that is the node of a plan, its id.
events::NewEvent step_completed(const chat::Task& step, std::string_view node, std::string_view result,
                                const chat::Usage& usage);

}  // namespace codelab::core::work
