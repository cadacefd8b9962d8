#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/describe/fields.hpp"
#include "base/ids.hpp"

namespace codelab::core::events {

enum class EventType : std::uint8_t {
  message_created,
  direct_agent_call,
  task_queued,
  task_started,
  context_retrieved,
  message_delta,
  task_progress,
  task_completed,
  task_failed,
  task_cancelled,
  error,
  heartbeat,
  session_created,
  session_updated,
  session_deleted,
  agent_created,
  agent_updated,
  agent_deleted,
  memory_pruned,
  user_registered,
  plan_created,
  plan_updated,
  tool_call,
  tool_result,
  agent_message,
  approval_required,
  approval_resolved,
  /// Of a newer version, which shares the store: passed on as it is.
  foreign,
};

/// The stream an event belongs to: a chat session, or the user's own stream (its id is the user's id) for what belongs
/// to no session.
using StreamId = base::Id<struct StreamTag>;

inline StreamId stream_of(const base::SessionId& session) { return {session.bytes}; }
inline StreamId own_stream(const base::UserId& user) { return {user.bytes}; }

/// A change of state, before the log has given it its place.
struct NewEvent {
  EventType type;
  std::optional<base::TaskId> task = std::nullopt;
  /// The agent's name at that time; empty when none is concerned.
  std::string agent = {};
  /// A JSON object.
  std::string payload = "{}";
  /// What a foreign one is called.
  std::string foreign_type = {};

  std::string_view type_name() const;
  /// By its name: foreign when this version has no such type.
  void set_type(std::string_view name);
};

/// One line of the log. `seq` counts from 1 in its stream, without gap or double.
struct Event {
  base::UserId user;
  StreamId stream;
  std::int64_t seq = 0;
  NewEvent body;
  base::Timestamp at;
};

/// A position in a stream: everything up to logged event `seq`, and of the texts that grow right now their first
/// `delta` bytes. Its text form sorts as the positions do: "0000000042", "0000000042.0000000500".
struct Position {
  std::int64_t seq = 0;
  std::int64_t delta = 0;

  std::string str() const;
  /// Accepts the text form with or without leading zeros; nothing else.
  static std::optional<Position> parse(std::string_view text);
  auto operator<=>(const Position&) const = default;
};

/// The public form of an event, one JSON object without line end.
std::string to_json(Position position, StreamId stream, const NewEvent& body, base::Timestamp at);

}  // namespace codelab::core::events

template <>
struct codelab::base::EnumNames<codelab::core::events::EventType> {
  static constexpr std::array<std::string_view, 28> kNames{"MESSAGE_CREATED",
                                                           "DIRECT_AGENT_CALL",
                                                           "TASK_QUEUED",
                                                           "TASK_STARTED",
                                                           "CONTEXT_RETRIEVED",
                                                           "MESSAGE_DELTA",
                                                           "TASK_PROGRESS",
                                                           "TASK_COMPLETED",
                                                           "TASK_FAILED",
                                                           "TASK_CANCELLED",
                                                           "ERROR",
                                                           "HEARTBEAT",
                                                           "SESSION_CREATED",
                                                           "SESSION_UPDATED",
                                                           "SESSION_DELETED",
                                                           "AGENT_CREATED",
                                                           "AGENT_UPDATED",
                                                           "AGENT_DELETED",
                                                           "MEMORY_PRUNED",
                                                           "USER_REGISTERED",
                                                           "PLAN_CREATED",
                                                           "PLAN_UPDATED",
                                                           "TOOL_CALL",
                                                           "TOOL_RESULT",
                                                           "AGENT_MESSAGE",
                                                           "APPROVAL_REQUIRED",
                                                           "APPROVAL_RESOLVED",
                                                           "FOREIGN"};
};
