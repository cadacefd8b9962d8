#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/describe/encode.hpp"
#include "core/events/event.hpp"

namespace codelab::core::events {

/// What a client sees of an event, field by field.
struct PublicEvent {
  std::string id;
  std::string_view type;
  StreamId session_id;
  std::optional<base::TaskId> task_id;
  std::optional<std::string> agent;
  base::Timestamp timestamp;
  base::RawJson payload;

  static constexpr std::string_view kName = "Event";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("id", &PublicEvent::id, {.doc = "Sorts as the events do; resume with it."}),
                        field("type", &PublicEvent::type,
                              {.doc = "New ones come with new versions: leave those alone that you do not know."}),
                        field("session_id", &PublicEvent::session_id), field("task_id", &PublicEvent::task_id),
                        field("agent", &PublicEvent::agent), field("timestamp", &PublicEvent::timestamp),
                        field("payload", &PublicEvent::payload));
  }
};

}  // namespace codelab::core::events
