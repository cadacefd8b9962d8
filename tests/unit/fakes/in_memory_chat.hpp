#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/chat/memory_debts.hpp"
#include "core/chat/ports.hpp"
#include "tests/unit/fakes/gate.hpp"
#include "tests/unit/fakes/in_memory_event_log.hpp"

namespace codelab::tests {

/// The rows of sessions, messages, tasks and keys, which the three stores below share. For one thread.
struct InMemoryChat {
  using UserScope = core::identity::UserScope;

  struct Key {
    std::string request_hash;
    base::TaskId task;
  };
  struct Owned {
    UserScope owner;
    core::chat::Task task;
  };

  explicit InMemoryChat(InMemoryEventLog& event_log) : log(event_log) {}

  core::chat::Session new_session(const UserScope& scope) {
    const core::chat::Session session{.id = base::SessionId::generate()};
    sessions.emplace(session.id, std::pair(scope, session));
    return session;
  }
  bool has(const UserScope& scope, const base::SessionId& session) const {
    const auto found = sessions.find(session);
    return found != sessions.end() && found->second.first == scope;
  }
  bool erase(const UserScope& scope, const base::SessionId& session) {
    if (!has(scope, session)) return false;
    sessions.erase(session);
    std::erase_if(messages, [&](const auto& each) { return each.session_id == session; });
    std::erase_if(tasks, [&](const auto& each) { return each.second.task.session_id == session; });
    log.erase(scope, core::events::stream_of(session));
    return true;
  }

  InMemoryEventLog& log;
  std::map<base::SessionId, std::pair<UserScope, core::chat::Session>> sessions;
  std::vector<core::chat::Message> messages;
  std::map<base::TaskId, Owned> tasks;
  std::map<std::pair<base::UserId, std::string>, Key> keys;
  std::map<base::TaskId, base::Timestamp> memories_due;
};

class InMemorySessionStore final : public core::chat::SessionStore {
 public:
  using UserScope = core::identity::UserScope;
  using Session = core::chat::Session;

  explicit InMemorySessionStore(InMemoryChat& chat) : chat_(chat) {}

  /// Run when a find() has read its row and not yet returned it.
  std::function<void()> after_find;

  base::Task<Session> create(UserScope scope, Session session) override {
    chat_.sessions.emplace(session.id, std::pair(scope, session));
    co_return session;
  }
  base::Task<core::Page<Session>> list(UserScope scope, core::PageRequest) override {
    core::Page<Session> page;
    for (const auto& [id, owned] : chat_.sessions) {
      if (owned.first == scope) page.items.push_back(owned.second);
    }
    co_return page;
  }
  base::Task<std::optional<Session>> find(UserScope scope, base::SessionId session) override {
    std::optional<Session> found;
    if (chat_.has(scope, session)) found = chat_.sessions.at(session).second;
    if (after_find) after_find();
    co_return found;
  }
  base::Task<base::Result<Session>> rename(UserScope scope, base::SessionId session, std::string title,
                                           base::Timestamp) override {
    if (!chat_.has(scope, session)) co_return base::make_error(base::ErrorCode::session_not_found, "none");
    Session& found = chat_.sessions.at(session).second;
    found.title = std::move(title);
    co_return found;
  }
  base::Task<bool> erase(UserScope scope, base::SessionId session, base::Timestamp) override {
    co_return chat_.erase(scope, session);
  }

 private:
  InMemoryChat& chat_;
};

class InMemoryMessageStore final : public core::chat::MessageStore {
 public:
  using UserScope = core::identity::UserScope;
  using Message = core::chat::Message;

  explicit InMemoryMessageStore(InMemoryChat& chat) : chat_(chat) {}

  base::Task<base::Result<core::Page<Message>>> list(UserScope scope, base::SessionId session,
                                                     core::chat::MessageRange) override {
    if (!chat_.has(scope, session)) co_return base::make_error(base::ErrorCode::session_not_found, "none");
    core::Page<Message> page;
    page.items = of(session);
    co_return page;
  }
  base::Task<std::vector<Message>> history(UserScope, base::SessionId session, base::MessageId before,
                                           std::int64_t limit) override {
    std::vector<Message> found = of(session);
    const auto end = std::ranges::find(found, before, &Message::id);
    found.erase(end, found.end());
    if (std::cmp_greater(found.size(), limit)) found.erase(found.begin(), found.end() - limit);
    co_return found;
  }
  std::vector<Message> of(const base::SessionId& session) const {
    std::vector<Message> found;
    std::ranges::copy_if(chat_.messages, std::back_inserter(found),
                         [&](const Message& each) { return each.session_id == session; });
    return found;
  }

 private:
  InMemoryChat& chat_;
};

class InMemoryTaskStore final : public core::chat::TaskStore {
 public:
  using UserScope = core::identity::UserScope;
  using Task = core::chat::Task;
  using Message = core::chat::Message;
  using Events = std::vector<core::events::NewEvent>;

  explicit InMemoryTaskStore(InMemoryChat& chat) : chat_(chat) {}

  /// Run before and after each call's work with the call's name; may throw as a store does that is away, before
  /// anything was written or when it was written and the caller does not learn of it.
  std::function<void(std::string_view)> before;
  std::function<void(std::string_view)> after;
  /// Where begin() and complete() wait before they write.
  Gate beginning;
  Gate completing;

  base::Task<base::Result<core::chat::BegunCall>> begin(UserScope scope, core::chat::NewCall call) override {
    run(before, "begin");
    co_await beginning.pass();
    auto earlier = by_key(scope, call.idempotency);
    if (!earlier) co_return earlier.error();
    if (*earlier) co_return core::chat::BegunCall{.task = **earlier, .replayed = true};
    if (!chat_.has(scope, call.task.session_id)) {
      co_return base::make_error(base::ErrorCode::session_not_found, "no such session");
    }
    if (call.idempotency) {
      chat_.keys[{scope.user(), call.idempotency->key}] = {call.idempotency->request_hash, call.task.id};
    }
    chat_.messages.push_back(call.message);
    chat_.tasks.emplace(call.task.id, InMemoryChat::Owned{scope, call.task});
    tell(scope, call.task, std::move(call.events));
    const auto count = std::ranges::count(chat_.messages, call.task.session_id, &Message::session_id);
    run(after, "begin");
    co_return core::chat::BegunCall{.task = call.task, .message_count = count};
  }
  base::Task<base::Result<std::optional<Task>>> earlier(UserScope scope, core::chat::IdempotencyKey key,
                                                        base::Timestamp) override {
    run(before, "earlier");
    co_return by_key(scope, key);
  }
  base::Task<bool> append(UserScope scope, Task task, Events events) override {
    run(before, "append");
    Task* stored = running(scope, task);
    if (stored == nullptr) co_return false;
    stored->status = task.status;
    if (task.started_at) stored->started_at = task.started_at;
    tell(scope, task, std::move(events));
    run(after, "append");
    co_return true;
  }
  base::Task<bool> hand_over(UserScope scope, Task task, Events events) override {
    Task* stored = running(scope, task);
    if (stored == nullptr) co_return false;
    *stored = task;
    tell(scope, task, std::move(events));
    co_return true;
  }
  base::Task<bool> complete(UserScope scope, Task task, Message answer, Events events,
                            std::optional<base::Timestamp> memory_due) override {
    run(before, "complete");
    co_await completing.pass();
    Task* stored = running(scope, task);
    if (stored == nullptr) co_return false;
    *stored = task;
    if (memory_due) chat_.memories_due.try_emplace(task.id, *memory_due);
    chat_.messages.push_back(std::move(answer));
    tell(scope, task, std::move(events));
    run(after, "complete");
    co_return true;
  }
  base::Task<bool> end(UserScope scope, Task task, Events events) override {
    run(before, "end");
    Task* stored = running(scope, task);
    if (stored == nullptr) co_return false;
    *stored = task;
    tell(scope, task, std::move(events));
    run(after, "end");
    co_return true;
  }
  base::Task<bool> cancel(UserScope scope, Task task, Events events) override {
    run(before, "cancel");
    Task* stored = running(scope, task);
    if (stored == nullptr) co_return false;
    *stored = task;
    tell(scope, task, std::move(events));
    co_return true;
  }
  base::Task<std::optional<Task>> find(UserScope scope, base::TaskId task) override {
    run(before, "find");
    const auto found = chat_.tasks.find(task);
    if (found == chat_.tasks.end() || found->second.owner != scope) co_return std::nullopt;
    co_return found->second.task;
  }
  base::Task<core::Page<Task>> list(UserScope scope, core::chat::TaskFilter, core::PageRequest) override {
    core::Page<Task> page;
    for (const auto& [id, owned] : chat_.tasks) {
      if (owned.owner == scope) page.items.push_back(owned.task);
    }
    co_return page;
  }
  base::Task<std::optional<Message>> answer(UserScope, base::TaskId task) override {
    for (const Message& each : chat_.messages) {
      if (each.task_id == task && each.role == core::chat::MessageRole::assistant) co_return each;
    }
    co_return std::nullopt;
  }

 private:
  static void run(const std::function<void(std::string_view)>& hook, std::string_view call) {
    if (hook) hook(call);
  }
  base::Result<std::optional<Task>> by_key(const UserScope& scope,
                                           const std::optional<core::chat::IdempotencyKey>& key) const {
    if (!key) return std::optional<Task>{};
    const auto found = chat_.keys.find({scope.user(), key->key});
    if (found == chat_.keys.end() || !chat_.tasks.contains(found->second.task)) return std::optional<Task>{};
    if (found->second.request_hash != key->request_hash) {
      return base::make_error(base::ErrorCode::idempotency_key_reused, "used with another request");
    }
    return std::optional<Task>{chat_.tasks.at(found->second.task).task};
  }
  Task* running(const UserScope& scope, const Task& task) {
    const auto found = chat_.tasks.find(task.id);
    const bool there = found != chat_.tasks.end() && found->second.owner == scope;
    return there && !core::chat::is_final(found->second.task.status) ? &found->second.task : nullptr;
  }
  void tell(const UserScope& scope, const Task& task, Events events) {
    for (auto& event : events) chat_.log.append(scope, core::events::stream_of(task.session_id), std::move(event));
  }

  InMemoryChat& chat_;
};

class InMemoryMemoryDebts final : public core::chat::MemoryDebts {
 public:
  using UserScope = core::identity::UserScope;

  explicit InMemoryMemoryDebts(InMemoryChat& chat) : chat_(chat) {}

  base::Task<> owe(UserScope, base::TaskId task, base::Timestamp when) override {
    chat_.memories_due[task] = when;
    co_return;
  }
  base::Task<std::vector<core::chat::OwedMemory>> claim(base::Timestamp now, base::Timestamp again,
                                                        std::int64_t limit) override {
    std::vector<core::chat::OwedMemory> owed;
    for (auto& [id, when] : chat_.memories_due) {
      const auto& [owner, task] = chat_.tasks.at(id);
      if (when > now || !task.message_id || std::ssize(owed) == limit) continue;
      when = again;
      owed.push_back({owner, task, message(task.request_message_id), message(*task.message_id)});
    }
    co_return owed;
  }
  base::Task<> settle(std::vector<core::chat::SettledMemory> memories) override {
    for (const auto& each : memories) chat_.memories_due.erase(each.task);
    co_return;
  }

 private:
  core::chat::Message message(const base::MessageId& id) const {
    return *std::ranges::find(chat_.messages, id, &core::chat::Message::id);
  }

  InMemoryChat& chat_;
};

}  // namespace codelab::tests
