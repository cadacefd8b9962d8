#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "core/events/event.hpp"
#include "infra/sqlite/connection.hpp"

namespace codelab::infra::sqlite {

/// What one write job works with. Several jobs share one database transaction; each has its own part of it, which
/// vanishes alone if the job throws. Used on the writer's thread only.
class Transaction {
 public:
  using BeforeCommit = std::move_only_function<void(Connection&)>;
  using AfterCommit = std::move_only_function<void() noexcept>;

  Transaction(Connection& connection, const base::Clock& clock) : connection_(connection), clock_(clock) {}

  Connection& sql() { return connection_; }

  /// Gives the events their places at the end of the stream; they are relayed once they are durable. False, and
  /// nothing written, when this user has no such stream.
  bool append(const base::UserId& user, const core::events::StreamId& stream,
              std::vector<core::events::NewEvent> events);
  /// The same for a session that gets a message: counts it too. How many the session has then; nullopt, and nothing
  /// written, when this user has no such session.
  std::optional<std::int64_t> append_with_message(const base::UserId& user, const base::SessionId& session,
                                                  base::Timestamp message_at,
                                                  std::vector<core::events::NewEvent> events);
  /// One event for the user's own stream, which is there as long as the user is.
  bool append_own(const base::UserId& user, core::events::NewEvent event);

  /// Run once all jobs of this transaction have run. If one throws, none of the jobs is committed.
  void before_commit(BeforeCommit step) { before_commit_.push_back(std::move(step)); }
  /// Run when this job's part is durable, before its caller goes on.
  void after_commit(AfterCommit step) { after_commit_.push_back(std::move(step)); }

 private:
  friend class Batch;

  void insert(const base::UserId& user, const core::events::StreamId& stream, std::int64_t last_seq,
              std::vector<core::events::NewEvent> events);

  Connection& connection_;
  const base::Clock& clock_;
  std::vector<core::events::Event> events_;
  std::vector<BeforeCommit> before_commit_;
  std::vector<AfterCommit> after_commit_;
};

}  // namespace codelab::infra::sqlite
