#include "core/events/stream_reader.hpp"

#include <stdexcept>

#include "base/store_error.hpp"
#include "tests/unit/core/events/stream_fixture.hpp"

namespace codelab::core::events {
namespace {

using codelab::tests::event_of;
using codelab::tests::payloads;
using std::chrono::milliseconds;

constexpr milliseconds kNever{std::chrono::hours{1}};

class StreamReaderTest : public codelab::tests::StreamTest {
 protected:
  StreamReader reader_at(std::optional<Position> since, milliseconds heartbeat = kNever,
                         Subscription::Bounds bounds = {}) {
    StreamReader reader({.log = log_, .hub = hub_, .clock = clock_}, user_, stream_,
                        {.since = since, .heartbeat = heartbeat}, subscription({}, bounds));
    loop_.run(reader.join());
    return reader;
  }
  static std::optional<Position> at(std::int64_t seq) { return Position{.seq = seq}; }

  /// Everything that comes until `count` lines are there.
  std::vector<LinePtr> read(StreamReader& reader, std::size_t count) {
    std::vector<LinePtr> lines;
    while (lines.size() < count) {
      const auto next = loop_.run(reader.next());
      if (next.empty()) break;
      lines.insert(lines.end(), next.begin(), next.end());
    }
    return lines;
  }
  /// The hub has forgotten everything, as after a restart.
  void forget() {
    clock_.advance(std::chrono::hours{1});
    hub_.sweep();
  }
};

TEST_F(StreamReaderTest, without_a_position_it_begins_with_the_buffer_and_goes_on_live) {
  commit_up_to(2);
  auto reader = reader_at(std::nullopt);
  EXPECT_EQ(payloads(read(reader, 2)), numbers(1, 2));
  commit_up_to(4);
  EXPECT_EQ(payloads(read(reader, 2)), numbers(3, 4));
}

TEST_F(StreamReaderTest, without_a_position_a_forgotten_stream_begins_at_its_end) {
  commit_up_to(3);
  forget();
  auto reader = reader_at(std::nullopt);
  commit_up_to(4);
  EXPECT_EQ(payloads(read(reader, 1)), numbers(4, 4));
}

TEST_F(StreamReaderTest, what_is_committed_between_joining_and_reading_is_not_missed) {
  commit_up_to(1);
  forget();
  auto reader = reader_at(at(0));
  commit_up_to(3);
  EXPECT_EQ(payloads(read(reader, 3)), numbers(1, 3));
}

TEST_F(StreamReaderTest, resumes_from_the_buffer_without_the_log) {
  commit_up_to(5);
  auto reader = reader_at(at(3));
  log_.before_read = [] { throw base::StoreError("away"); };
  EXPECT_EQ(payloads(read(reader, 2)), numbers(4, 5));
}

TEST_F(StreamReaderTest, resumes_from_the_log_where_the_buffer_does_not_reach_back) {
  commit_up_to(450);
  auto reader = reader_at(at(0));
  EXPECT_EQ(payloads(read(reader, 450)), numbers(1, 450));
  commit_up_to(451);
  EXPECT_EQ(payloads(read(reader, 1)), numbers(451, 451));
}

TEST_F(StreamReaderTest, what_is_committed_while_it_catches_up_comes_once_and_in_order) {
  commit_up_to(300);
  forget();
  auto reader = reader_at(at(0));
  std::int64_t more = 300;
  log_.before_read = [&] {
    if (more < 304) commit_up_to(++more);
  };
  log_.after_read = [&] {
    if (more < 304) commit_up_to(++more);
  };
  auto lines = payloads(read(reader, 304));
  EXPECT_EQ(lines, numbers(1, 304));
  commit_up_to(305);
  EXPECT_EQ(payloads(read(reader, 1)), numbers(305, 305));
}

TEST_F(StreamReaderTest, a_gap_before_a_live_event_is_read_from_the_log) {
  commit_up_to(1);
  auto reader = reader_at(at(1));
  log_.append_untold(user_, stream_, event_of(numbered(2)));
  log_.append_untold(user_, stream_, event_of(numbered(3)));
  commit_up_to(4);
  EXPECT_EQ(payloads(read(reader, 3)), numbers(2, 4));
}

TEST_F(StreamReaderTest, an_event_that_is_told_twice_is_passed_on_once) {
  commit_up_to(1);
  auto reader = reader_at(at(1));
  commit_up_to(2);
  hub_.committed(log_.events(user_, stream_).back());
  commit_up_to(3);
  EXPECT_EQ(payloads(read(reader, 2)), numbers(2, 3));
}

TEST_F(StreamReaderTest, a_position_beyond_the_end_is_taken_for_the_end) {
  commit_up_to(2);
  auto reader = reader_at(at(900));
  commit_up_to(3);
  EXPECT_EQ(payloads(read(reader, 1)), numbers(3, 3));
}

TEST_F(StreamReaderTest, a_text_that_grows_stands_between_the_events_that_it_came_between) {
  const auto task = base::TaskId::generate();
  const auto message = base::MessageId::generate();
  commit_up_to(1);
  hub_.begin_text(user_, stream_, task, "coder", message);
  hub_.append_text(user_, stream_, message, "Hello ");
  commit_up_to(2);
  hub_.append_text(user_, stream_, message, "world");
  for (const bool from_log : {false, true}) {
    // Past the buffer's hundred events the past comes from the log.
    if (from_log) commit_up_to(150);
    auto reader = reader_at(Position{.seq = 1, .delta = 3});
    const auto lines = read(reader, from_log ? 151 : 3);
    ASSERT_GE(lines.size(), 3);
    EXPECT_TRUE(lines[0]->payload().contains(R"("offset":3,"text":"lo ")")) << lines[0]->payload();
    EXPECT_EQ(lines[1]->payload(), numbered(2));
    EXPECT_TRUE(lines[2]->payload().contains(R"("offset":6,"text":"world")")) << lines[2]->payload();
  }
}

TEST_F(StreamReaderTest, silence_gives_heartbeats_that_resume_where_the_reader_is) {
  commit_up_to(2);
  auto reader = reader_at(at(1), milliseconds{0});
  EXPECT_EQ(payloads(read(reader, 1)), numbers(2, 2));
  const auto beat = read(reader, 1);
  EXPECT_EQ(beat.at(0)->type, EventType::heartbeat);
  EXPECT_TRUE(beat.at(0)->json.contains(R"("id":"0000000002")")) << beat.at(0)->json;
  EXPECT_EQ(log_.events(user_, stream_).size(), 2);
}

TEST_F(StreamReaderTest, a_reader_that_falls_behind_ends_with_an_error_and_can_resume) {
  commit_up_to(1);
  auto reader = reader_at(at(0), kNever, {.lines = 2});
  EXPECT_EQ(payloads(read(reader, 1)), numbers(1, 1));
  commit_up_to(4);
  const auto last = read(reader, 1);
  EXPECT_EQ(last.at(0)->type, EventType::error);
  EXPECT_TRUE(last.at(0)->payload().contains("slow_consumer"));
  EXPECT_TRUE(loop_.run(reader.next()).empty());
  auto again = reader_at(last.at(0)->position);
  EXPECT_EQ(payloads(read(again, 3)), numbers(2, 4));
}

TEST_F(StreamReaderTest, a_closed_stream_ends_once_what_came_before_was_read) {
  auto reader = reader_at(at(0));
  commit_up_to(1);
  hub_.close_stream(user_, stream_);
  EXPECT_EQ(payloads(read(reader, 1)), numbers(1, 1));
  EXPECT_TRUE(loop_.run(reader.next()).empty());
}

TEST_F(StreamReaderTest, closing_ends_a_reader_that_waits) {
  auto reader = reader_at(at(0));
  const auto reading = loop_.start(reader.next());
  EXPECT_FALSE(reading->ended());
  reader.close();
  loop_.settle();
  ASSERT_TRUE(reading->ended());
  EXPECT_TRUE(reading->take().empty());
}

TEST_F(StreamReaderTest, a_stream_whose_log_is_gone_ends) {
  commit_up_to(150);
  auto reader = reader_at(at(0));
  log_.erase(user_, stream_);
  EXPECT_TRUE(loop_.run(reader.next()).empty());
}

TEST_F(StreamReaderTest, a_foreign_stream_is_empty) {
  commit_up_to(3);
  StreamReader reader({.log = log_, .hub = hub_, .clock = clock_}, codelab::tests::new_user(), stream_,
                      {.since = Position{}, .heartbeat = milliseconds{0}}, subscription());
  loop_.run(reader.join());
  EXPECT_EQ(read(reader, 1).at(0)->type, EventType::heartbeat);
}

TEST_F(StreamReaderTest, a_log_that_is_away_for_a_moment_ends_no_stream) {
  commit_up_to(3);
  forget();
  auto reader = reader_at(at(0));
  int failures = 2;
  log_.before_read = [&] {
    if (failures-- > 0) throw base::StoreError("away");
  };
  EXPECT_EQ(payloads(read(reader, 3)), numbers(1, 3));
  EXPECT_LT(failures, 0);
}

TEST_F(StreamReaderTest, a_log_that_is_away_is_told) {
  log_.before_read = [] { throw base::StoreError("away"); };
  EXPECT_THROW(reader_at(at(0)), base::StoreError);
}

}  // namespace
}  // namespace codelab::core::events
