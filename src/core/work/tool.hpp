#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.hpp"
#include "core/events/event.hpp"
#include "core/models/ports.hpp"
#include "core/work/assignment.hpp"

namespace codelab::core::work {

/// One call of a tool by the model of an agent.
struct ToolUse {
  const Assignment& caller;
  Allowance& allowance;
  /// A JSON object, as the model wrote it: perhaps none.
  std::string arguments;
  /// For a task of its own, if the call needs one: the same whenever the call is made again.
  base::TaskId step;
};

struct ToolResult {
  /// For the model.
  std::string text;
  /// The text says why.
  bool failed = false;
  chat::Usage usage = {};
  /// Recorded together with the result.
  std::optional<chat::Task> step = {};
  std::vector<events::NewEvent> events = {};
};

/// What a model is told of a call whose task its user has cancelled.
inline constexpr std::string_view kStepCancelled = "The question was cancelled by the user.";

/// Something that a model may call while its agent works. Thread-safe.
class Tool {
 public:
  virtual ~Tool() = default;
  /// What agents have in their `tools`.
  virtual std::string_view name() const = 0;
  /// As the model is told of it; nothing where it would be of no use for this assignment.
  virtual base::Task<std::optional<models::ToolSpec>> spec(const Assignment& assignment) = 0;
  /// Whether the caller waits for other agents meanwhile, and needs no slot of its own.
  virtual bool waits_for_agents() const { return false; }
  /// What cannot be done is a failed result. Throws chat::TaskGone when the caller's task has ended, base::StoreError
  /// when a store is away.
  virtual base::Task<ToolResult> call(ToolUse use) = 0;
};

}  // namespace codelab::core::work
