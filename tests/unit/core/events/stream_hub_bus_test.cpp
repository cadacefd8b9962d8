#include "core/events/stream_reader.hpp"
#include "tests/unit/core/events/on_bus_fixture.hpp"

namespace codelab::core::events {
namespace {

using codelab::tests::OnBusTest;

class StreamHubOnBus : public OnBusTest {};

TEST_F(StreamHubOnBus, a_followed_stream_shows_what_the_bus_brings_in_its_order) {
  const auto reading = reader();
  hub_.begin_text(user_, stream_, task_, "coder", ours_);
  hub_.append_text(user_, stream_, ours_, "Hello");
  commit_up_to(1);
  EXPECT_TRUE(taken(*reading).lines.empty());
  bus_.bring(user_.user(), stream_, foreign(0, "abc"));
  bus_.bring(bus_.events.at(0));
  bus_.bring(user_.user(), stream_, bus_.texts.at(0));
  const auto lines = taken(*reading).lines;
  ASSERT_EQ(lines.size(), 3);
  EXPECT_EQ(lines[0]->position, (Position{.seq = 0, .delta = 3}));
  EXPECT_EQ(lines[1]->position, (Position{.seq = 1}));
  EXPECT_EQ(lines[2]->position, (Position{.seq = 1, .delta = 8}));
}

TEST_F(StreamHubOnBus, without_readers_or_without_the_bus_what_happens_here_is_told_at_once) {
  const auto waiting = subscription();
  hub_.subscribe(user_, stream_, waiting);
  commit_up_to(1);
  EXPECT_EQ(taken(*waiting).lines.size(), 1);
  bus_.live = false;
  const auto reading = reader();
  hub_.begin_text(user_, stream_, task_, "coder", ours_);
  hub_.append_text(user_, stream_, ours_, "Hello");
  commit_up_to(2);
  EXPECT_EQ(taken(*reading).lines.size(), 2);
}

TEST_F(StreamHubOnBus, who_comes_in_the_middle_gets_texts_from_the_bus_at_their_places) {
  hub_.begin_text(user_, stream_, task_, "coder", ours_);
  bus_.bring({.user = user_.user(),
              .stream = stream_,
              .seq = 1,
              .body = {.type = EventType::task_started, .task = task_},
              .at = {}});
  bus_.bring(user_.user(), stream_, foreign(0, "abc"));
  hub_.append_text(user_, stream_, ours_, "Hello");
  bus_.bring(user_.user(), stream_, bus_.texts.at(0));
  const auto reading = reader();
  const auto missing = texts_for({.seq = 1, .delta = 2});
  ASSERT_EQ(missing.size(), 2);
  EXPECT_TRUE(missing[0]->payload().contains(R"("offset":2,"text":"c")")) << missing[0]->payload();
  EXPECT_EQ(missing[1]->position, (Position{.seq = 1, .delta = 8}));
}

TEST_F(StreamHubOnBus, a_text_that_ends_while_the_stream_begins_to_be_followed_does_not_come_back) {
  bus_.bring(user_.user(), stream_, foreign(0, "abc"));
  bus_.kept_before = bus_.kept;
  bus_.while_following = [&, told = false]() mutable {
    if (std::exchange(told, true)) return;
    commit(EventType::message_created);
    bus_.bring(bus_.events.at(0));
  };
  const auto reading = reader();
  EXPECT_TRUE(texts_for({}).empty());
}

TEST_F(StreamHubOnBus, a_piece_that_comes_early_of_a_text_that_ended_before_it_is_dropped) {
  bus_.while_following = [&, told = false]() mutable {
    if (std::exchange(told, true)) return;
    commit(EventType::message_created);
    bus_.bring(bus_.events.at(0));
    TextPiece late = foreign(0, "abc");
    late.place = {.seq = 0, .delta = 0};
    hub_.text_arrived(user_.user(), stream_, late);
    // What the buffer holds does not tell of the end any more.
    bus_.bring(
        {.user = user_.user(), .stream = stream_, .seq = 7, .body = {.type = EventType::agent_created}, .at = {}});
  };
  const auto reading = reader();
  EXPECT_TRUE(texts_for({}).empty());
}

TEST_F(StreamHubOnBus, who_follows_and_joins_late_still_follows) {
  const auto reading = subscription();
  loop_.run(hub_.follow(user_, stream_, reading));
  bus_.bring(user_.user(), stream_, foreign(0, "abc"));
  hub_.sweep();
  hub_.sweep();
  EXPECT_EQ(hub_.join(user_, stream_, reading, {}).texts.size(), 1);
}

TEST_F(StreamHubOnBus, a_stream_is_followed_no_longer_than_somebody_wants_it) {
  loop_.run(hub_.follow(user_, stream_, subscription()));
  EXPECT_EQ(bus_.follows, 2);
  hub_.sweep();
  EXPECT_EQ(bus_.follows, 0);
}

TEST_F(StreamHubOnBus, an_event_that_arrives_before_what_the_bus_had_kept_is_read_joins_it) {
  const auto foreign_event = [&](std::int64_t seq) {
    return Event{.user = user_.user(),
                 .stream = stream_,
                 .seq = seq,
                 .body = {.type = EventType::task_started, .task = task_},
                 .at = {}};
  };
  bus_.bring(foreign_event(1));
  bus_.bring(foreign_event(2));
  bus_.kept_before = bus_.kept;
  bus_.while_following = [&, told = false]() mutable {
    if (!std::exchange(told, true)) bus_.bring(foreign_event(3));
  };
  const auto reading = subscription();
  loop_.run(hub_.follow(user_, stream_, reading));
  const auto joined = hub_.join(user_, stream_, reading, {});
  EXPECT_EQ(joined.last_seq, 3);
  ASSERT_EQ(joined.buffered.size(), 3);
  EXPECT_EQ(joined.buffered.front()->position.seq, 1);
  EXPECT_EQ(joined.buffered.back()->position.seq, 3);
}

TEST_F(StreamHubOnBus, a_piece_that_comes_after_the_end_of_its_text_is_dropped) {
  const Event end{.user = user_.user(),
                  .stream = stream_,
                  .seq = 1,
                  .body = {.type = EventType::message_created, .task = task_},
                  .at = {}};
  bus_.bring(end);
  const auto reading = reader();
  auto late = foreign(0, "abc");
  late.place = {.seq = 0, .delta = 0};
  hub_.text_arrived(user_.user(), stream_, late);
  EXPECT_TRUE(taken(*reading).lines.empty());
}

TEST_F(StreamHubOnBus, a_task_that_is_begun_again_begins_its_text_again) {
  const auto reading = reader();
  bus_.bring(user_.user(), stream_, foreign(0, "abc"));
  commit(EventType::task_started);
  bus_.bring(bus_.events.at(0));
  auto again = foreign(0, "ABC");
  again.message = ours_;
  bus_.bring(user_.user(), stream_, again);
  bus_.bring(user_.user(), stream_, foreign(3, "late"));
  const auto texts = texts_for({});
  ASSERT_EQ(texts.size(), 1);
  EXPECT_TRUE(texts[0]->payload().contains("ABC"));
}

TEST_F(StreamHubOnBus, a_text_with_a_hole_is_given_up) {
  const auto reading = reader();
  bus_.bring(user_.user(), stream_, foreign(0, "abc"));
  hub_.events_missed(user_.user(), stream_, std::nullopt);
  bus_.bring(user_.user(), stream_, foreign(5, "fgh"));
  EXPECT_TRUE(texts_for({}).empty());
  EXPECT_TRUE(taken(*reading).missed);
}

TEST_F(StreamHubOnBus, a_reader_that_is_ahead_of_this_process_gets_no_piece_twice) {
  bus_.bring(user_.user(), stream_, foreign(0, "abc"));
  const auto keeps_following = reader();
  StreamReader reading({.log = log_, .hub = hub_, .clock = clock_}, user_, stream_,
                       {.since = Position{.seq = 0, .delta = 6}}, subscription());
  loop_.run(reading.join());
  bus_.bring(user_.user(), stream_, foreign(3, "def"));
  bus_.bring(user_.user(), stream_, foreign(6, "ghi"));
  const auto lines = loop_.run(reading.next());
  ASSERT_EQ(lines.size(), 1);
  EXPECT_EQ(lines[0]->position, (Position{.seq = 0, .delta = 9}));
}

TEST_F(StreamHubOnBus, a_piece_that_comes_before_its_event_waits_for_it) {
  const auto keeps_following = reader();
  commit_up_to(1);
  bus_.bring(bus_.events.at(0));
  StreamReader reading({.log = log_, .hub = hub_, .clock = clock_}, user_, stream_, {.since = Position{.seq = 1}},
                       subscription());
  loop_.run(reading.join());
  commit_up_to(2);
  auto piece = foreign(0, "abc");
  piece.place = {.seq = 2};
  hub_.text_arrived(user_.user(), stream_, piece);
  std::vector<LinePtr> lines;
  while (lines.size() < 2) {
    for (auto& each : loop_.run(reading.next())) lines.push_back(each);
  }
  EXPECT_EQ(lines[0]->position, (Position{.seq = 2}));
  EXPECT_EQ(lines[1]->position, (Position{.seq = 2, .delta = 3}));
}

TEST_F(StreamHubOnBus, what_a_process_that_died_did_not_tell_is_read_soon_also_while_its_text_grows) {
  const auto keeps_following = reader();
  commit_up_to(1);
  bus_.bring(bus_.events.at(0));
  bus_.bring(user_.user(), stream_, foreign(0, "abc"));
  log_.append_untold(user_, stream_, tests::event_of("never told"));
  StreamReader reading({.log = log_, .hub = hub_, .clock = clock_}, user_, stream_, {.since = Position{.seq = 1}},
                       subscription());
  loop_.run(reading.join());
  std::vector<LinePtr> lines;
  while (lines.empty() || lines.back()->position.seq < 2) {
    for (auto& each : loop_.run(reading.next())) lines.push_back(each);
  }
  EXPECT_EQ(lines.back()->payload(), "never told");
}

}  // namespace
}  // namespace codelab::core::events
