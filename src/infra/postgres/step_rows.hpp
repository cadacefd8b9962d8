#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/chat/task_leases.hpp"
#include "core/chat/values.hpp"
#include "core/events/event.hpp"
#include "core/identity/user_scope.hpp"
#include "infra/postgres/transaction.hpp"

/// Statements about tasks and their steps, queued in a transaction. What they did is read from its answer afterwards.
namespace codelab::infra::postgres {

/// What is to be written about a task, as for the number of its take-overs: whether something of it is finished.
enum class Progress : bool { none, made };

inline constexpr std::string_view kParentHasEnded = "the task that it was a part of has ended";

/// One statement. Touches a row when the task is unfinished, this user's and run by this process: nobody takes it over,
/// or ends it, before the transaction is done.
void is_run_here(Transaction& tx, const core::chat::RunnerId& runner, const core::identity::UserScope& scope,
                 const core::chat::Task& task, Progress progress);
/// Stores a step as it is, whether it was there before or not; what it had others do ends with it. The first of its
/// statements touches no row when the step has ended before.
void put_step(Transaction& tx, const core::chat::RunnerId& runner, const core::identity::UserScope& scope,
              const core::chat::Task& step);
/// Cancels the unfinished steps of a task that ends, and theirs. Of a plan's task the unfinished nodes too, of a step
/// that is cancelled alone its node.
void end_with(Transaction& tx, const core::identity::UserScope& scope, const core::chat::Task& task,
              std::string_view why = kParentHasEnded);

/// Reads answers in the order in which the statements were queued.
class StepAnswers {
 public:
  /// The answers before `next` are somebody else's.
  StepAnswers(Answer& answer, std::size_t next) : answer_(answer), next_(next) {}

  /// Of put_step(): false when the step has ended before.
  bool read_put(const core::chat::Task& step);
  /// Of end_with().
  void read_ended_with(const core::chat::Task& task);
  /// What tells of all that has ended, in order.
  std::vector<core::events::NewEvent> take_events() { return std::move(events_); }

 private:
  void read_ended_steps();

  Answer& answer_;
  std::size_t next_;
  std::vector<core::events::NewEvent> events_;
};

/// Appends what has ended before `events`, for which alone `advanced` has places. As Transaction::append().
base::Task<std::optional<std::int64_t>> append_with_ended(Transaction& tx, core::events::StreamId stream, Rows advanced,
                                                          std::vector<core::events::NewEvent> ended,
                                                          std::vector<core::events::NewEvent> events);

}  // namespace codelab::infra::postgres
