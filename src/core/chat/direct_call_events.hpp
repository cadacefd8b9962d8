#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "core/chat/prompt.hpp"
#include "core/chat/values.hpp"
#include "core/events/event.hpp"

/// The events that a direct call writes, in the order of its life.
namespace codelab::core::chat {

events::NewEvent message_created(const Message& message);
events::NewEvent direct_agent_call(const Task& task);
/// It waits for its turn at the agent.
events::NewEvent task_queued(const Task& task);
/// `attempt`: 2 when it is run for the second time, because the process that ran it is gone.
events::NewEvent task_started(const Task& task, std::int64_t attempt = 1);
/// `memory_error`: why memory could not be searched; empty when it was.
events::NewEvent context_retrieved(const Task& task, const std::vector<memory::MemoryHit>& memories,
                                   const Prompt& prompt, std::string memory_error);
events::NewEvent task_completed(const Task& task, const Message& answer);
/// For a task that carries its error. The payload has `retry_after_seconds` when the error knows it.
events::NewEvent task_failed(const Task& task);
/// For a task that carries why, as task_failed().
events::NewEvent task_cancelled(const Task& task);
/// The error in the payload of a TASK_FAILED or TASK_CANCELLED; nothing when it is none.
std::optional<TaskError> read_task_failed(std::string_view payload);

}  // namespace codelab::core::chat
