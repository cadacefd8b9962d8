#include "core/events/stream_reader.hpp"
#include "tests/unit/core/events/on_bus_fixture.hpp"

namespace codelab::core::events {
namespace {

/// Several processes write into one stream, and what they tell overtakes what others tell.
class StreamOrder : public codelab::tests::OnBusTest {
 protected:
  void bring(std::int64_t seq) { bus_.bring(log_.events(user_, stream_).at(static_cast<std::size_t>(seq) - 1)); }
  /// Committed here or elsewhere: the stream is followed, so it is shown when it is brought.
  void commit_and_bring(EventType type) {
    commit(type);
    bring(std::ssize(log_.events(user_, stream_)));
  }
  void bring(TextPiece piece) { bus_.bring(user_.user(), stream_, std::move(piece)); }
  StreamReader reading_from(std::optional<Position> since) {
    StreamReader reading({.log = log_, .hub = hub_, .clock = clock_}, user_, stream_, {.since = since}, subscription());
    loop_.run(reading.join());
    return reading;
  }
  /// What comes up to event `last`.
  std::vector<LinePtr> read_to(std::int64_t last, StreamReader& reading) {
    std::vector<LinePtr> lines;
    while (lines.empty() || lines.back()->position < Position{.seq = last}) {
      for (auto& line : loop_.run(reading.next())) lines.push_back(line);
    }
    return lines;
  }
  static std::vector<Position> positions(const std::vector<LinePtr>& lines) {
    std::vector<Position> found;
    for (const LinePtr& line : lines) found.push_back(line->position);
    return found;
  }
};

TEST_F(StreamOrder, who_joins_a_followed_stream_brings_nobody_what_its_channel_still_has_to_bring) {
  const auto reading = reader();
  commit_up_to(4);
  // The event that was overtaken has emptied the buffer: who joins asks the bus.
  for (const std::int64_t seq : {1, 3, 2}) bring(seq);
  bus_.kept_before = StreamBus::Recent{.events = log_.events(user_, stream_), .texts = {}};
  const auto joining = subscription();
  loop_.run(hub_.follow(user_, stream_, joining));
  const auto joined = hub_.join(user_, stream_, joining, {});
  EXPECT_EQ(joined.last_seq, 3);
  EXPECT_EQ(joined.buffered.size(), 3);
  bring(foreign(0, "abc"));
  bring(4);
  const std::vector<Position> shown{{.seq = 1}, {.seq = 3}, {.seq = 2}, {.seq = 3, .delta = 3}, {.seq = 4}};
  EXPECT_EQ(positions(taken(*reading).lines), shown);
}

TEST_F(StreamOrder, what_the_log_knows_already_comes_behind_the_pieces_before_it) {
  const auto keeps_following = reader();
  commit_and_bring(EventType::task_started);
  commit_up_to(2);
  auto reading = reading_from(Position{.seq = 1});
  bring(foreign(0, "abc"));
  bring(2);
  EXPECT_EQ(positions(read_to(2, reading)), (std::vector<Position>{{.seq = 1, .delta = 3}, {.seq = 2}}));
}

TEST_F(StreamOrder, where_a_piece_is_ahead_of_its_event_the_log_is_read_up_to_that_and_no_further) {
  const auto keeps_following = reader();
  commit_and_bring(EventType::task_started);
  commit_up_to(3);
  TextPiece piece = foreign(0, "abc");
  piece.place = {.seq = 2};
  hub_.text_arrived(user_.user(), stream_, piece);
  auto reading = reading_from(Position{.seq = 1});
  piece = foreign(3, "def");
  piece.place = {.seq = 2, .delta = 3};
  hub_.text_arrived(user_.user(), stream_, piece);
  bring(2);
  bring(3);
  const std::vector<Position> told{{.seq = 2}, {.seq = 2, .delta = 3}, {.seq = 2, .delta = 6}, {.seq = 3}};
  EXPECT_EQ(positions(read_to(3, reading)), told);
}

TEST_F(StreamOrder, what_nobody_tells_is_read_soon_also_while_a_text_grows_all_the_time) {
  const auto keeps_following = reader();
  commit_and_bring(EventType::task_started);
  log_.append_untold(user_, stream_, tests::event_of("never told"));
  auto reading = reading_from(Position{.seq = 1});
  const auto watchdog = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  std::vector<LinePtr> lines;
  for (std::int64_t offset = 0; lines.empty() || lines.back()->position.seq < 2; ++offset) {
    ASSERT_LT(std::chrono::steady_clock::now(), watchdog);
    bring(foreign(offset, "a"));
    lines = loop_.run(reading.next());
  }
  EXPECT_EQ(lines.back()->payload(), "never told");
}

TEST_F(StreamOrder, a_piece_from_before_what_was_read_ends_its_text_for_that_reader_and_its_message_comes) {
  const auto keeps_following = reader();
  commit_and_bring(EventType::task_started);
  auto reading = reading_from(Position{.seq = 1});
  commit_up_to(2);
  // The log is ahead of the channel.
  hub_.events_missed(user_.user(), stream_, std::nullopt);
  EXPECT_EQ(positions(read_to(2, reading)), (std::vector<Position>{{.seq = 2}}));
  const auto waiting = loop_.start(reading.next());
  bring(foreign(0, "abc"));
  bring(2);
  bring(foreign(3, "def"));
  loop_.settle();
  EXPECT_FALSE(waiting->ended());
  commit_and_bring(EventType::message_created);
  loop_.run_until([&] { return waiting->ended(); });
  EXPECT_EQ(positions(waiting->take()), (std::vector<Position>{{.seq = 3}}));
}

TEST_F(StreamOrder, no_piece_follows_the_message_of_its_text_when_an_event_overtakes_that) {
  const auto keeps_following = reader();
  commit_and_bring(EventType::task_started);
  auto reading = reading_from(Position{.seq = 1});
  bring(foreign(0, "abc"));
  commit(EventType::message_created);
  commit_up_to(3);
  bring(3);
  bring(foreign(3, "def"));
  bring(2);
  commit_up_to(4);
  bring(4);
  const std::vector<Position> told{{.seq = 1, .delta = 3}, {.seq = 2}, {.seq = 3}, {.seq = 4}};
  EXPECT_EQ(positions(read_to(4, reading)), told);
}

TEST_F(StreamOrder, a_text_whose_end_a_reader_saw_elsewhere_does_not_grow_for_it_here) {
  const auto keeps_following = reader();
  commit_and_bring(EventType::task_started);
  bring(foreign(0, "abc"));
  commit(EventType::message_created);
  commit_up_to(3);
  bring(3);
  bring(foreign(3, "def"));
  auto reading = reading_from(Position{.seq = 3});
  bring(foreign(6, "ghi"));
  bring(2);
  commit_up_to(4);
  bring(4);
  EXPECT_EQ(positions(read_to(4, reading)), (std::vector<Position>{{.seq = 4}}));
}

TEST_F(StreamOrder, who_comes_without_a_position_sees_the_end_of_each_text_that_grows) {
  const auto keeps_following = reader();
  commit_and_bring(EventType::task_started);
  bring(foreign(0, "abc"));
  commit(EventType::message_created);
  commit_up_to(3);
  bring(3);
  auto reading = reading_from(std::nullopt);
  bring(2);
  const std::vector<Position> told{{.seq = 1}, {.seq = 1, .delta = 3}, {.seq = 2}, {.seq = 3}};
  EXPECT_EQ(positions(read_to(3, reading)), told);
}

TEST_F(StreamOrder, while_the_bus_is_away_a_text_goes_on_behind_what_its_readers_read_in_the_log) {
  const auto keeps_following = reader();
  commit_and_bring(EventType::task_started);
  auto reading = reading_from(Position{.seq = 1});
  bus_.live = false;
  hub_.begin_text(user_, stream_, task_, "coder", ours_);
  hub_.append_text(user_, stream_, ours_, "Hello");
  EXPECT_EQ(positions(loop_.run(reading.next())), (std::vector<Position>{{.seq = 1, .delta = 5}}));
  log_.append_untold(user_, stream_, tests::event_of("told elsewhere"));
  EXPECT_EQ(positions(read_to(2, reading)), (std::vector<Position>{{.seq = 2}}));
  hub_.append_text(user_, stream_, ours_, " world");
  const auto lines = loop_.run(reading.next());
  EXPECT_EQ(positions(lines), (std::vector<Position>{{.seq = 2, .delta = 11}}));
  EXPECT_TRUE(lines.at(0)->payload().contains(R"("offset":5)")) << lines.at(0)->payload();
  EXPECT_TRUE(bus_.texts.empty());
}

}  // namespace
}  // namespace codelab::core::events
