#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/chat/values.hpp"
#include "core/events/event.hpp"
#include "core/identity/user_scope.hpp"
#include "core/page.hpp"

/// What chat needs from outside. Every implementation is thread-safe and throws when the store is away; events given
/// to a call, or named in its comment, are appended in the same transaction as its rows.
namespace codelab::core::chat {

class SessionStore {
 public:
  virtual ~SessionStore() = default;
  /// Appends SESSION_CREATED to the user's own stream; the session's own stream begins empty.
  virtual base::Task<Session> create(identity::UserScope scope, Session session) = 0;
  /// Newest first.
  virtual base::Task<Page<Session>> list(identity::UserScope scope, PageRequest page) = 0;
  virtual base::Task<std::optional<Session>> find(identity::UserScope scope, base::SessionId session) = 0;
  /// Appends SESSION_UPDATED to the user's own stream. Errors: session_not_found.
  virtual base::Task<base::Result<Session>> rename(identity::UserScope scope, base::SessionId session,
                                                   std::string title, base::Timestamp now) = 0;
  /// With its messages, tasks and events; SESSION_DELETED goes to the user's own stream. False when it was not there.
  virtual base::Task<bool> erase(identity::UserScope scope, base::SessionId session, base::Timestamp now) = 0;
};

/// Which messages of a session: those before or after a given one (exclusive), `limit` of them next to it.
struct MessageRange {
  std::int64_t limit = 50;
  std::optional<base::MessageId> before;
  std::optional<base::MessageId> after;
};

class MessageStore {
 public:
  virtual ~MessageStore() = default;
  /// In the order in which they were stored, oldest first. With neither bound the first `limit`; with `before` the
  /// last `limit` before it. Forwards, next_cursor is the id of the last item when more follow. A page is shorter than
  /// `limit` where its content would pass kMaxPageBytes; it has at least one message if there are any. Errors:
  /// session_not_found.
  virtual base::Task<base::Result<Page<Message>>> list(identity::UserScope scope, base::SessionId session,
                                                       MessageRange range) = 0;
  /// Content of one list().
  static constexpr std::size_t kMaxPageBytes = 4 << 20;
  /// Of one history(): older messages are left out past it.
  static constexpr std::size_t kMaxHistoryBytes = 1 << 20;

  /// The newest messages before `before`, at most `limit` and about kMaxHistoryBytes, oldest first: a prompt's history.
  virtual base::Task<std::vector<Message>> history(identity::UserScope scope, base::SessionId session,
                                                   base::MessageId before, std::int64_t limit) = 0;
};

/// A key that its caller chose so that a repeated post runs once, and the hash of what was posted under it. A key stays
/// with the task that it made for a day, however that ended: also one that failed or was interrupted is not run again.
struct IdempotencyKey {
  std::string key;
  std::string request_hash;
};

/// Everything that must be durable before the agent begins.
struct NewCall {
  Message message;
  Task task;
  std::optional<IdempotencyKey> idempotency;
  /// In order, for the session's stream.
  std::vector<events::NewEvent> events;
};

struct BegunCall {
  Task task;
  /// The key was used before with the same request: `task` is the one it made then, and nothing was written.
  bool replayed = false;
  /// Messages in the session, the new one included.
  std::int64_t message_count = 0;
};

struct TaskFilter {
  std::optional<base::SessionId> session;
  std::optional<TaskStatus> status;
};

/// Writes only about tasks that this process runs, except by cancel(): see TaskLeases.
class TaskStore {
 public:
  virtual ~TaskStore() = default;
  /// Stores message, task, key and events together. Errors: session_not_found, idempotency_key_reused.
  virtual base::Task<base::Result<BegunCall>> begin(identity::UserScope scope, NewCall call) = 0;
  /// The task that this key made before; nullopt when the key is fresh. Errors: idempotency_key_reused.
  virtual base::Task<base::Result<std::optional<Task>>> earlier(identity::UserScope scope, IdempotencyKey key,
                                                                base::Timestamp now) = 0;
  /// Adds events about a task that runs. False, and nothing written, when the task has ended, its session is gone or
  /// another process runs it.
  virtual base::Task<bool> append(identity::UserScope scope, Task task, std::vector<events::NewEvent> events) = 0;
  /// The task is another agent's from now on, and of another kind: `task` carries which. As append().
  virtual base::Task<bool> hand_over(identity::UserScope scope, Task task, std::vector<events::NewEvent> events) = 0;
  /// The answer and the end of its task. False, and nothing written, as append(). With `memory_due` the answer is owed
  /// to its agent's memory, from then on (see MemoryDebts).
  virtual base::Task<bool> complete(identity::UserScope scope, Task task, Message answer,
                                    std::vector<events::NewEvent> events,
                                    std::optional<base::Timestamp> memory_due = std::nullopt) = 0;
  /// Ends a task without an answer: `task` carries the final status, error and completed_at. As complete().
  virtual base::Task<bool> end(identity::UserScope scope, Task task, std::vector<events::NewEvent> events) = 0;
  /// Ends an unfinished task, whichever process runs it: `task` carries the final status, error and completed_at. Of a
  /// plan's task the unfinished steps and nodes end with it, of a step its node. False, and nothing written, when the
  /// task has ended or its session is gone.
  virtual base::Task<bool> cancel(identity::UserScope scope, Task task, std::vector<events::NewEvent> events) = 0;
  virtual base::Task<std::optional<Task>> find(identity::UserScope scope, base::TaskId task) = 0;
  /// Newest first.
  virtual base::Task<Page<Task>> list(identity::UserScope scope, TaskFilter filter, PageRequest page) = 0;
  virtual base::Task<std::optional<Message>> answer(identity::UserScope scope, base::TaskId task) = 0;
};

}  // namespace codelab::core::chat
