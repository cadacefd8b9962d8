#include "core/chat/direct_call_events.hpp"

#include <utility>

#include "base/describe/decode.hpp"
#include "base/describe/encode.hpp"
#include "base/describe/parse_json.hpp"
#include "core/memory/agent_memory.hpp"

namespace codelab::core::chat {
namespace {

constexpr std::size_t kPreviewBytes = 200;

struct CallPayload {
  base::AgentId agent_id;
  base::MessageId message_id;

  static constexpr std::string_view kName = "CallPayload";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("agent_id", &CallPayload::agent_id), field("message_id", &CallPayload::message_id));
  }
};

struct StartedPayload {
  base::AgentId agent_id;
  base::MessageId message_id;
  std::int64_t attempt = 1;

  static constexpr std::string_view kName = "StartedPayload";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("agent_id", &StartedPayload::agent_id), field("message_id", &StartedPayload::message_id),
                        field("attempt", &StartedPayload::attempt));
  }
};

struct RetrievedMemory {
  base::MemoryId id;
  double score = 0;
  memory::ScoreParts parts;
  std::string_view preview;

  static constexpr std::string_view kName = "RetrievedMemory";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("id", &RetrievedMemory::id), field("score", &RetrievedMemory::score),
                        field("parts", &RetrievedMemory::parts), field("preview", &RetrievedMemory::preview));
  }
};

struct ContextPayload {
  std::int64_t count = 0;
  std::vector<RetrievedMemory> memories;
  std::int64_t history_messages = 0;
  std::optional<std::string> memory_error;

  static constexpr std::string_view kName = "ContextPayload";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("count", &ContextPayload::count), field("memories", &ContextPayload::memories),
                        field("history_messages", &ContextPayload::history_messages),
                        field("memory_error", &ContextPayload::memory_error));
  }
};

struct CompletedPayload {
  base::MessageId message_id;
  std::optional<std::string> model;
  std::optional<Usage> usage;
  std::int64_t duration_ms = 0;

  static constexpr std::string_view kName = "CompletedPayload";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("message_id", &CompletedPayload::message_id), field("model", &CompletedPayload::model),
                        field("usage", &CompletedPayload::usage), field("duration_ms", &CompletedPayload::duration_ms));
  }
};

struct FailedPayload {
  std::string code;
  std::string detail;
  std::optional<std::int64_t> retry_after_seconds;

  static constexpr std::string_view kName = "FailedPayload";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("code", &FailedPayload::code), field("detail", &FailedPayload::detail),
                        field("retry_after_seconds", &FailedPayload::retry_after_seconds));
  }
};

events::NewEvent event_of(const Task& task, events::EventType type, std::string payload) {
  return {.type = type, .task = task.id, .agent = task.agent_name, .payload = std::move(payload)};
}

CallPayload call_payload(const Task& task) {
  return {.agent_id = task.agent_id, .message_id = task.request_message_id};
}

std::string error_payload(const Task& task) {
  const TaskError error = task.error.value_or(TaskError{});
  if (!error.retry_after) return base::encode(error);
  const FailedPayload longer{error.code, error.detail, error.retry_after->count()};
  return base::encode(longer);
}

}  // namespace

events::NewEvent message_created(const Message& message) {
  return {.type = events::EventType::message_created,
          .task = message.task_id,
          .agent = message.role == MessageRole::assistant ? message.agent_name.value_or("") : "",
          .payload = base::encode(message)};
}

events::NewEvent direct_agent_call(const Task& task) {
  return event_of(task, events::EventType::direct_agent_call, base::encode(call_payload(task)));
}

events::NewEvent task_queued(const Task& task) {
  return event_of(task, events::EventType::task_queued, base::encode(call_payload(task)));
}

events::NewEvent task_started(const Task& task, std::int64_t attempt) {
  const StartedPayload payload{.agent_id = task.agent_id, .message_id = task.request_message_id, .attempt = attempt};
  return event_of(task, events::EventType::task_started, base::encode(payload));
}

events::NewEvent context_retrieved(const Task& task, const std::vector<memory::MemoryHit>& memories,
                                   const Prompt& prompt, std::string memory_error) {
  ContextPayload payload{.count = prompt.memories_used, .history_messages = prompt.history_used};
  for (const memory::MemoryHit& hit : memories) {
    payload.memories.push_back({.id = hit.memory.id,
                                .score = hit.score,
                                .parts = hit.parts,
                                .preview = memory::utf8_prefix(hit.memory.text, kPreviewBytes)});
  }
  if (!memory_error.empty()) payload.memory_error = std::move(memory_error);
  return event_of(task, events::EventType::context_retrieved, base::encode(payload));
}

events::NewEvent task_completed(const Task& task, const Message& answer) {
  const auto duration = answer.created_at - task.started_at.value_or(task.created_at);
  const CompletedPayload payload{
      .message_id = answer.id,
      .model = answer.model,
      .usage = answer.usage,
      .duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()};
  return event_of(task, events::EventType::task_completed, base::encode(payload));
}

events::NewEvent task_failed(const Task& task) {
  return event_of(task, events::EventType::task_failed, error_payload(task));
}

events::NewEvent task_cancelled(const Task& task) {
  return event_of(task, events::EventType::task_cancelled, error_payload(task));
}

std::optional<TaskError> read_task_failed(std::string_view payload) {
  const auto json = base::parse_json(payload);
  if (!json) return std::nullopt;
  auto failed = base::decode<FailedPayload>(*json);
  if (!failed) return std::nullopt;
  TaskError error{.code = std::move(failed->code), .detail = std::move(failed->detail)};
  if (failed->retry_after_seconds) error.retry_after = std::chrono::seconds{*failed->retry_after_seconds};
  return error;
}

}  // namespace codelab::core::chat
