#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/redis/stream_bus_fixture.hpp"

namespace codelab::tests {
namespace {

using core::events::Event;
using core::events::EventType;
using core::events::StreamId;
using core::events::TextPiece;

using testing::IsEmpty;

std::vector<std::int64_t> seqs_of(const std::vector<Event>& events) {
  std::vector<std::int64_t> seqs;
  for (const Event& each : events) seqs.push_back(each.seq);
  return seqs;
}

std::vector<core::events::Position> places_of(const std::vector<TextPiece>& pieces) {
  std::vector<core::events::Position> places;
  for (const TextPiece& each : pieces) places.push_back(each.place);
  return places;
}

std::int64_t length_of(const std::vector<TextPiece>& pieces) {
  std::int64_t length = 0;
  for (const TextPiece& each : pieces) length += std::ssize(each.text);
  return length;
}

TEST_F(StreamBusTest, CarriesAStreamToWhoeverFollowsInOneOrder) {
  BusProcess here(server_.url());
  BusProcess there(server_.url());
  const auto own = here.follow(user_, stream_);
  const auto following = there.follow(user_, stream_);
  EXPECT_TRUE(own.live);
  EXPECT_TRUE(following.live);
  for (std::int64_t seq = 1; seq <= 500; ++seq) here.bus.publish(event(seq));
  there.heard.wait_for_event(500);
  EXPECT_EQ(there.heard.seqs(), numbers(1, 500));
  there.bus.publish(event(501));
  here.heard.wait_for_event(501);
  EXPECT_EQ(here.heard.seqs(), numbers(1, 501));
  EXPECT_THAT(there.heard.missed, IsEmpty());
}

TEST_F(StreamBusTest, CarriesOnlyWhatIsFollowedAndAsLongAsItIs) {
  BusProcess here(server_.url());
  BusProcess there(server_.url());
  Event other = event(1);
  other.stream = StreamId::generate();
  auto first = there.follow(user_, stream_);
  auto second = there.follow(user_, stream_);
  first.hold.reset();
  here.bus.publish(other);
  here.bus.publish(event(1));
  there.heard.wait_for_event(1);
  EXPECT_EQ(there.heard.events.front().stream, stream_);
  EXPECT_EQ(server_.cli("--raw pubsub numsub '" + channel() + "'"), channel() + "\n1");
  second.hold.reset();
  while (server_.cli("--raw pubsub numsub '" + channel() + "'") != channel() + "\n0") {
  }
  // Again, at once behind an end that may still be on its way.
  auto third = there.follow(user_, stream_);
  third.hold.reset();
  third = there.follow(user_, stream_);
  EXPECT_TRUE(third.live);
  here.bus.publish(event(2));
  there.heard.wait_for_event(2);
}

TEST_F(StreamBusTest, KeepsTheLastEventsForAWhile) {
  BusProcess here(server_.url());
  for (std::int64_t seq = 1; seq <= 150; ++seq) here.bus.publish(event(seq));
  BusProcess there(server_.url());
  while (seqs_of(there.recent(user_, stream_).events) != numbers(51, 150)) {
  }
  const std::string key = infra::redis::StreamNames{user_.user(), stream_}.events();
  EXPECT_EQ(server_.cli("llen '" + key + "'"), "100");
  const int left = std::stoi(server_.cli("ttl '" + key + "'"));
  EXPECT_GT(left, 200);
  EXPECT_LE(left, 300);
  // An entry of long ago goes with the next event, and is not read before.
  server_.cli("lset '" + key + "' 0 '51 1000 old'");
  EXPECT_EQ(seqs_of(there.recent(user_, stream_).events), numbers(52, 150));
}

TEST_F(StreamBusTest, KeepsNoHoleNothingTwiceAndWhatWasOvertakenInItsPlace) {
  BusProcess here(server_.url());
  BusProcess there(server_.url());
  for (const std::int64_t seq : {1, 3, 2, 2, 1}) here.bus.publish(event(seq));
  while (seqs_of(there.recent(user_, stream_).events) != numbers(1, 3)) {
  }
  here.bus.publish(event(5));
  while (seqs_of(there.recent(user_, stream_).events) != numbers(5, 5)) {
  }
}

TEST_F(StreamBusTest, KeepsAGrowingTextCutWhereEventsCameBetween) {
  BusProcess here(server_.url());
  BusProcess there(server_.url());
  ASSERT_TRUE(here.follow(user_, stream_).live);
  const auto following = there.follow(user_, stream_);
  here.bus.publish(event(1));
  for (std::int64_t i = 0; i < 10; ++i) here.bus.publish_text(user_.user(), stream_, piece(1, i * 2, "ab"));
  here.bus.publish(event(2));
  here.bus.publish_text(user_.user(), stream_, piece(2, 20, "cd"));
  here.bus.publish_text(user_.user(), stream_, piece(2, 20, "cd"));
  std::string heard;
  there.heard.wait_until([&] { return !there.heard.pieces.empty() && there.heard.pieces.back().offset == 20; });
  for (const TextPiece& each : there.heard.pieces)
    heard.replace(static_cast<std::size_t>(each.offset), std::string::npos, each.text);
  EXPECT_EQ(heard,
            "abababababababababab"
            "cd");
  const auto recent = there.recent(user_, stream_);
  ASSERT_EQ(recent.texts.size(), 2U);
  EXPECT_EQ(recent.texts[0].text, "abababababababababab");
  EXPECT_EQ(recent.texts[0].place, (core::events::Position{.seq = 1}));
  EXPECT_EQ(recent.texts[0].agent, "coder");
  EXPECT_EQ(recent.texts[1].text, "cd");
  EXPECT_EQ(recent.texts[1].place, (core::events::Position{.seq = 2, .delta = 20}));
  EXPECT_EQ(recent.texts[1].offset, 20);
  here.bus.publish(event(3, EventType::message_created));
  there.heard.wait_for_event(3);
  EXPECT_THAT(there.recent(user_, stream_).texts, IsEmpty());
  EXPECT_EQ(server_.cli("--raw keys '*text*'"), "");
  EXPECT_EQ(server_.cli("--raw keys '*cuts*'"), "");
}

/// Two texts that grow in two processes: everybody sees their pieces and the events between them in one order, and who
/// comes later finds them in the same places.
TEST_F(StreamBusTest, GivesThePiecesOfSeveralProcessesOnePlaceEach) {
  BusProcess here(server_.url());
  BusProcess there(server_.url());
  const auto first = here.follow(user_, stream_);
  const auto second = there.follow(user_, stream_);
  const auto other = base::MessageId::generate();
  constexpr int kPieces = 40;
  for (int i = 0; i < kPieces; ++i) {
    here.bus.publish_text(user_.user(), stream_, piece(0, i * 2, "ab"));
    auto foreign = piece(0, i * 3, "xyz");
    foreign.message = other;
    there.bus.publish_text(user_.user(), stream_, foreign);
    if (i % 10 == 5) here.bus.publish(event(i / 10 + 1));
  }
  for (BusProcess* each : {&here, &there}) {
    each->heard.wait_until([&] { return length_of(each->heard.pieces) == kPieces * 5; });
  }
  EXPECT_EQ(places_of(here.heard.pieces), places_of(there.heard.pieces));
  EXPECT_TRUE(std::ranges::is_sorted(places_of(here.heard.pieces)));
  const auto recent = here.recent(user_, stream_);
  EXPECT_EQ(length_of(recent.texts), kPieces * 5);
  EXPECT_TRUE(std::ranges::is_sorted(places_of(recent.texts)));
  for (const TextPiece& each : recent.texts) {
    EXPECT_EQ(std::ranges::count(places_of(here.heard.pieces), each.place), 1) << each.place.str();
  }
}

TEST_F(StreamBusTest, GivesUpATextWithAHole) {
  BusProcess here(server_.url());
  ASSERT_TRUE(here.follow(user_, stream_).live);
  here.bus.publish_text(user_.user(), stream_, piece(0, 0, "ab"));
  here.bus.publish_text(user_.user(), stream_, piece(0, 3, "d"));
  here.bus.publish_text(user_.user(), stream_, piece(0, 4, "e"));
  here.bus.publish(event(1));
  while (here.recent(user_, stream_).events.empty()) {
  }
  EXPECT_THAT(here.recent(user_, stream_).texts, IsEmpty());
}

TEST_F(StreamBusTest, SaysAfterAnInterruptionThatEventsMayBeMissing) {
  BusProcess here(server_.url());
  BusProcess there(server_.url());
  const auto following = there.follow(user_, stream_);
  server_.stop();
  for (std::int64_t seq = 1; seq <= 5; ++seq) here.bus.publish(event(seq));
  // Follows while it is away, and is told later.
  const auto late = there.follow(user_, StreamId::generate());
  EXPECT_FALSE(late.live);
  EXPECT_FALSE(there.bus.is_live(user_.user()));
  server_.start();
  there.heard.wait_until([&] { return there.heard.missed.size() >= 2; });
  while (!there.bus.is_live(user_.user())) {
  }
  here.ready();
  here.bus.publish(event(6));
  there.heard.wait_for_event(6);
}

TEST_F(StreamBusTest, IsNotLiveWhileRedisRefusesToWrite) {
  BusProcess here(server_.url());
  const auto following = here.follow(user_, stream_);
  EXPECT_TRUE(here.bus.is_live(user_.user()));
  EXPECT_TRUE(here.bus.takes_everything());
  server_.cli("config set maxmemory 1");
  while (here.bus.is_live(user_.user())) {
  }
  EXPECT_FALSE(here.bus.takes_everything());
  server_.cli("config set maxmemory 0");
  while (!here.bus.is_live(user_.user()) || !here.bus.takes_everything()) {
  }
}

TEST_F(StreamBusTest, TellsTheEndOfWhatOnePublisherCouldNotSend) {
  server_.cli("acl setuser ann on nopass '~*' '&*' +@all");
  BusProcess here("redis://ann:any@127.0.0.1:" + std::to_string(server_.port()));
  BusProcess there(server_.url());
  here.ready();
  const auto following = there.follow(user_, stream_);
  server_.cli("acl setuser ann off");
  server_.cli("client kill user ann");
  for (std::int64_t seq = 1; seq <= 5; ++seq) here.bus.publish(event(seq));
  server_.cli("acl setuser ann on");
  there.heard.wait_until([&] {
    const auto& missed = there.heard.missed;
    return (!missed.empty() && missed.back() == 5) ||
           (!there.heard.events.empty() && there.heard.events.back().seq == 5);
  });
  here.bus.publish(event(6));
  there.heard.wait_for_event(6);
}

TEST_F(StreamBusTest, DropsPastItsBoundsAndTellsWhereItEnds) {
  for (const infra::redis::StreamBufferLimits limits :
       {infra::redis::StreamBufferLimits{.queued_messages = 10},
        infra::redis::StreamBufferLimits{.queued_bytes_in_all = 4'096}}) {
    BusProcess here(server_.url(), limits);
    BusProcess there(server_.url());
    here.ready();
    const auto following = there.follow(user_, stream_);
    server_.freeze();
    for (std::int64_t seq = 1; seq <= 100; ++seq) here.bus.publish(event(seq));
    server_.thaw();
    there.heard.wait_until([&] {
      const std::int64_t heard = there.heard.events.empty() ? 0 : there.heard.events.back().seq;
      const std::int64_t told = there.heard.missed.empty() ? 0 : there.heard.missed.back().value_or(0);
      return std::max(heard, told) == 100;
    });
    EXPECT_LT(there.heard.seqs().size(), 100U);
  }
}

/// Of a publisher that was cut off alone: nobody else was interrupted, and would look into the log by himself.
TEST_F(StreamBusTest, SendsEverybodyToTheLogWhenItHasForgottenWhatItOwes) {
  server_.cli("acl setuser ann on nopass '~*' '&*' +@all");
  BusProcess here("redis://ann:any@127.0.0.1:" + std::to_string(server_.port()), {.owing_streams = 1});
  BusProcess there(server_.url());
  here.ready();
  const auto following = there.follow(user_, stream_);
  const auto own = there.follow(user_, core::events::own_stream(user_.user()));
  while (!here.bus.is_live(user_.user())) {
  }
  server_.cli("acl setuser ann off");
  server_.cli("client kill user ann");
  while (here.bus.is_live(user_.user())) {
  }
  Event other = event(1);
  other.stream = StreamId::generate();
  here.bus.publish(event(1));
  here.bus.publish(other);
  // The last, and the only one that this process's own readers are told of: the others have failed before.
  here.bus.publish_access_change(user_.user());
  here.heard.wait_until([&] { return !here.heard.missed.empty(); });
  server_.cli("acl setuser ann on");
  there.heard.wait_until([&] { return there.heard.missed.size() >= 2 && !there.heard.changed_users.empty(); });
  EXPECT_EQ(there.heard.missed, (std::vector<std::optional<std::int64_t>>{std::nullopt, std::nullopt}));
  while (!here.bus.is_live(user_.user())) {
  }
  here.bus.publish(event(2));
  there.heard.wait_for_event(2);
}

TEST_F(StreamBusTest, IsNotLiveForWhoMayNotHearTheChannel) {
  server_.cli("acl setuser ann on nopass '~*' resetchannels +@all");
  BusProcess there("redis://ann:any@127.0.0.1:" + std::to_string(server_.port()));
  EXPECT_FALSE(there.follow(user_, stream_).live);
}

}  // namespace
}  // namespace codelab::tests
