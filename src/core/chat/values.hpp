#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/describe/fields.hpp"
#include "base/ids.hpp"

namespace codelab::core::chat {

struct Session {
  base::SessionId id;
  std::string title;
  base::Timestamp created_at;
  base::Timestamp updated_at;
  std::int64_t message_count = 0;

  static constexpr std::string_view kName = "Session";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("id", &Session::id), field("title", &Session::title),
                        field("created_at", &Session::created_at), field("updated_at", &Session::updated_at),
                        field("message_count", &Session::message_count));
  }
};

enum class MessageRole : std::uint8_t { user, assistant, system, tool };

struct Usage {
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  /// Null when the price of the model is not known.
  std::optional<double> cost_usd;

  static constexpr std::string_view kName = "Usage";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("prompt_tokens", &Usage::prompt_tokens),
                        field("completion_tokens", &Usage::completion_tokens), field("cost_usd", &Usage::cost_usd));
  }
};

/// Costs that are not known are left out.
inline void add(Usage& total, const Usage& more) {
  total.prompt_tokens += more.prompt_tokens;
  total.completion_tokens += more.completion_tokens;
  if (more.cost_usd) total.cost_usd = total.cost_usd.value_or(0) + *more.cost_usd;
}

struct Message {
  base::MessageId id;
  base::SessionId session_id;
  MessageRole role = MessageRole::user;
  std::string content;
  std::optional<base::AgentId> agent_id;
  std::optional<std::string> agent_name;
  std::optional<base::TaskId> task_id;
  /// The model that wrote it ("offline" for the built-in one).
  std::optional<std::string> model;
  std::optional<Usage> usage;
  base::Timestamp created_at;

  static constexpr std::string_view kName = "Message";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("id", &Message::id), field("session_id", &Message::session_id),
                        field("role", &Message::role), field("content", &Message::content),
                        field("agent_id", &Message::agent_id), field("agent_name", &Message::agent_name),
                        field("task_id", &Message::task_id), field("model", &Message::model),
                        field("usage", &Message::usage), field("created_at", &Message::created_at));
  }
};

enum class TaskStatus : std::uint8_t { queued, running, completed, failed, cancelled };

constexpr bool is_final(TaskStatus status) { return status >= TaskStatus::completed; }

/// direct: one agent answers. plan: the orchestrator has agents do it. step: what another task has an agent do.
enum class TaskKind : std::uint8_t { direct, plan, step };

/// Why a task failed, in the words and the code that its caller got or would have got.
struct TaskError {
  std::string code;
  std::string detail;
  /// When another try may help, if the failure knows. Told with the task's end (TASK_FAILED), not stored with the task.
  std::optional<std::chrono::seconds> retry_after = std::nullopt;

  static constexpr std::string_view kName = "TaskError";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("code", &TaskError::code), field("detail", &TaskError::detail));
  }
};

/// A server process, as the one that runs a task. New at each start.
using RunnerId = base::Id<struct RunnerTag>;

struct Task {
  base::TaskId id;
  base::SessionId session_id;
  base::AgentId agent_id;
  std::string agent_name;
  TaskStatus status = TaskStatus::queued;
  std::optional<TaskError> error;
  /// The user's message that it answers.
  base::MessageId request_message_id;
  /// The answer, once it is there.
  std::optional<base::MessageId> message_id;
  base::Timestamp created_at;
  std::optional<base::Timestamp> started_at;
  std::optional<base::Timestamp> completed_at;
  TaskKind kind = TaskKind::direct;
  /// The task that a step is a part of.
  std::optional<base::TaskId> parent_id = std::nullopt;

  static constexpr std::string_view kName = "Task";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    using base::field;
    return base::fields(
        field("id", &Task::id), field("session_id", &Task::session_id), field("agent_id", &Task::agent_id),
        field("agent_name", &Task::agent_name), field("status", &Task::status), field("error", &Task::error),
        field("request_message_id", &Task::request_message_id), field("message_id", &Task::message_id),
        field("created_at", &Task::created_at), field("started_at", &Task::started_at),
        field("completed_at", &Task::completed_at), field("kind", &Task::kind), field("parent_id", &Task::parent_id));
  }
};

}  // namespace codelab::core::chat

template <>
struct codelab::base::EnumNames<codelab::core::chat::MessageRole> {
  static constexpr std::array<std::string_view, 4> kNames{"user", "assistant", "system", "tool"};
};

template <>
struct codelab::base::EnumNames<codelab::core::chat::TaskKind> {
  static constexpr std::array<std::string_view, 3> kNames{"direct", "plan", "step"};
};

template <>
struct codelab::base::EnumNames<codelab::core::chat::TaskStatus> {
  static constexpr std::array<std::string_view, 5> kNames{"queued", "running", "completed", "failed", "cancelled"};
};
