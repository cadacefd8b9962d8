#include "http/event_framing.hpp"

#include <gtest/gtest.h>

namespace codelab::http {
namespace {

using core::events::EventType;
using core::events::StreamLine;

core::events::LinePtr line(EventType type) {
  return std::make_shared<const StreamLine>(StreamLine{.position = {.seq = 7}, .type = type, .json = "{\"a\":1}"});
}

TEST(EventFraming, is_the_one_that_accept_prefers) {
  EXPECT_EQ(framing_of(""), EventFraming::ndjson);
  EXPECT_EQ(framing_of("*/*"), EventFraming::ndjson);
  EXPECT_EQ(framing_of("text/event-stream"), EventFraming::server_sent_events);
  EXPECT_EQ(framing_of("application/x-ndjson, text/event-stream"), EventFraming::ndjson);
  EXPECT_EQ(framing_of("text/event-stream, application/x-ndjson"), EventFraming::server_sent_events);
  EXPECT_EQ(framing_of("text/event-stream;q=0.5, application/x-ndjson"), EventFraming::ndjson);
  EXPECT_EQ(framing_of("text/event-stream;q=0, */*"), EventFraming::ndjson);
  EXPECT_EQ(framing_of("text/event-stream, */*"), EventFraming::server_sent_events);
}

TEST(EventFraming, ndjson_is_one_object_a_line) {
  EXPECT_EQ(frame(EventFraming::ndjson, {line(EventType::error), line(EventType::heartbeat)}),
            "{\"a\":1}\n{\"a\":1}\n");
}

TEST(EventFraming, a_heartbeat_does_not_move_the_last_event_id) {
  EXPECT_EQ(frame(EventFraming::server_sent_events, {line(EventType::task_started)}),
            "id: 0000000007\nevent: TASK_STARTED\ndata: {\"a\":1}\n\n");
  EXPECT_EQ(frame(EventFraming::server_sent_events, {line(EventType::heartbeat)}),
            "event: HEARTBEAT\ndata: {\"a\":1}\n\n");
}

}  // namespace
}  // namespace codelab::http
