#include "infra/redis/stream_message.hpp"

#include <gtest/gtest.h>

namespace codelab::infra::redis {
namespace {

using core::events::Event;
using core::events::EventType;
using core::events::TextPiece;

class RedisStreamMessage : public testing::Test {
 protected:
  Event event() const {
    return {.user = names_.user,
            .stream = names_.stream,
            .seq = 42,
            .body = {.type = EventType::task_started,
                     .task = base::TaskId::generate(),
                     .agent = "co:der",
                     .payload = "{\"a\":\"1:2\n\"}"},
            .at = base::from_micros(1'800'000'000'000'001)};
  }
  static TextPiece piece() {
    return {.task = base::TaskId::generate(),
            .agent = "an agent",
            .message = base::MessageId::generate(),
            .place = {.seq = 7, .delta = 60},
            .offset = 300,
            .text = " h\xc3\xa9:llo\n"};
  }

  StreamNames names_{base::UserId::generate(), core::events::StreamId::generate()};
};

TEST_F(RedisStreamMessage, CarriesAnEvent) {
  const Event sent = event();
  const auto message = decode_message(names_, encode_message("me", sent));
  EXPECT_EQ(message.origin, "me");
  const auto& got = std::get<Event>(message.content);
  EXPECT_EQ(got.user, sent.user);
  EXPECT_EQ(got.stream, sent.stream);
  EXPECT_EQ(got.seq, sent.seq);
  EXPECT_EQ(got.at, sent.at);
  EXPECT_EQ(got.body.type, sent.body.type);
  EXPECT_EQ(got.body.task, sent.body.task);
  EXPECT_EQ(got.body.agent, sent.body.agent);
  EXPECT_EQ(got.body.payload, sent.body.payload);
}

TEST_F(RedisStreamMessage, CarriesAPieceOfTextAndATip) {
  const TextPiece sent = piece();
  const std::string encoded = encode_message("me", sent);
  EXPECT_TRUE(encoded.ends_with(sent.text));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(decode_message(names_, encoded).content)) << "it has no place";
  const auto message = decode_message(names_, "7 60 " + encoded);
  const auto& got = std::get<TextPiece>(message.content);
  EXPECT_EQ(got.task, sent.task);
  EXPECT_EQ(got.agent, sent.agent);
  EXPECT_EQ(got.message, sent.message);
  EXPECT_EQ(got.place, sent.place);
  EXPECT_EQ(got.offset, 300);
  EXPECT_EQ(got.text, sent.text);
  EXPECT_EQ(std::get<Tip>(decode_message(names_, encode_message("me", Tip{9})).content).seq, 9);
}

TEST_F(RedisStreamMessage, PassesOnAnEventOfATypeThatItDoesNotKnow) {
  std::string encoded = encode_message("me", event());
  encoded.replace(encoded.find("TASK_STARTED"), 12, "TASK_DREAMED");
  const auto message = decode_message(names_, encoded);
  const auto& got = std::get<core::events::Event>(message.content);
  EXPECT_EQ(got.body.type, core::events::EventType::foreign);
  EXPECT_EQ(got.body.type_name(), "TASK_DREAMED");
  EXPECT_TRUE(core::events::to_json({}, got.stream, got.body, {}).contains(R"("type":"TASK_DREAMED")"));
  EXPECT_EQ(encode_message("me", got), encoded);
}

TEST_F(RedisStreamMessage, TakesWhatItDoesNotKnowForNothing) {
  EXPECT_TRUE(std::holds_alternative<std::monostate>(decode_message(names_, "2:me5:novel1:x").content));
  // Cut anywhere before its payload, it is none.
  const std::string whole = encode_message("me", event());
  for (std::size_t size = 0; size < whole.find("{\"a\""); ++size) {
    const auto cut = decode_message(names_, whole.substr(0, size));
    EXPECT_TRUE(std::holds_alternative<std::monostate>(cut.content)) << size;
  }
  EXPECT_TRUE(std::holds_alternative<std::monostate>(decode_message(names_, "99999999999999999999:x").content));
}

TEST_F(RedisStreamMessage, NamesLieInTheUsersSlotAndLeadBackToTheStream) {
  EXPECT_TRUE(names_.channel().starts_with("codelab:{" + names_.user.str() + "}:"));
  const auto found = StreamNames::of_channel(names_.channel());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user, names_.user);
  EXPECT_EQ(found->stream, names_.stream);
  for (const char* channel : {"", "codelab", "codelab:{x}:stream:y:channel", "}{"}) {
    EXPECT_FALSE(StreamNames::of_channel(channel)) << channel;
  }
}

}  // namespace
}  // namespace codelab::infra::redis
