#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/cores.hpp"
#include "base/task_group.hpp"
#include "core/bus/agent_bus.hpp"
#include "core/chat/call.hpp"
#include "core/chat/queued_calls.hpp"
#include "core/chat/running_tasks.hpp"
#include "core/chat/targets.hpp"
#include "core/chat/task_watch.hpp"

namespace codelab::core::chat {

struct PostMessage {
  base::SessionId session;
  std::string content;
  /// An agent's name or id; without it a leading @name in `content` counts, and without that automatic mode decides.
  std::optional<std::string> target_agent;
  std::optional<IdempotencyKey> idempotency;
};

/// How the caller will follow the task.
struct Follower {
  base::AuthSessionId login;
  bool deltas = false;
  /// Whether the login has not ended. Nothing: it cannot.
  std::function<base::Task<bool>()> may_follow = {};
};

struct Posted {
  Task task;
  /// Follows the task to its end; null when the task had ended already (a repeated post), see `answer`.
  std::shared_ptr<TaskWatch> watch;
  /// Of a repeated post whose task was completed.
  std::optional<Message> answer;
};

/// Takes a message in: finds its agent, makes message and task durable, starts the work on the user's home core as soon
/// as it is its turn at the agent.
/// The work is owned here, not by the caller: a caller that goes away cancels nothing. Thread-safe.
class MessagePoster {
 public:
  struct Ports {
    Targets& targets;
    TaskStore& tasks;
    RunningTasks& running;
    bus::AgentBus& bus;
    events::StreamHub& hub;
    const base::Clock& clock;
    base::Cores& cores;
    /// Runs the work; drained before anything that the runner uses goes away.
    base::TaskGroup& work;
  };

  /// `max_running` counts tasks that wait, too.
  MessagePoster(Ports ports, CallRunner& runner, QueuedCalls& queued, std::size_t max_running)
      : ports_(ports), runner_(runner), queued_(queued), max_running_(max_running) {}

  /// Errors: target_required, agent_not_found, session_not_found, idempotency_key_reused, overloaded, queue_full;
  /// interrupted when the process is about to end: the message is kept, its task has failed with the same words. A
  /// repeated post gets the task that its key made, ended or not, whatever it ended with: nothing runs twice under one
  /// key.
  base::Task<base::Result<Posted>> post(identity::UserScope scope, PostMessage message, Follower follower);

 private:
  base::Task<base::Result<Posted>> follow_existing(identity::UserScope scope, Task task, Follower follower);
  /// A repeated post gets its first answer, whatever became of the agent since; any other gets `refusal`.
  base::Task<base::Result<Posted>> follow_earlier(identity::UserScope scope, std::optional<IdempotencyKey> idempotency,
                                                  base::Error refusal, Follower follower);
  base::Task<std::shared_ptr<TaskWatch>> watch(identity::UserScope scope, Task task, Follower follower,
                                               TaskWatch::From from);
  base::Task<base::Result<Target>> target(identity::UserScope scope, const PostMessage& message);
  bool start(Call call, RunningTasks::Hold running, bus::AgentBus::Turn turn);
  /// Ends a task that was not started, so that nobody waits for it, and returns the error that it ended with; one that
  /// the store does not take ends so at the next start.
  base::Task<base::Error> end_unstarted(identity::UserScope scope, Task task);

  Ports ports_;
  CallRunner& runner_;
  QueuedCalls& queued_;
  const std::size_t max_running_;
};

}  // namespace codelab::core::chat
