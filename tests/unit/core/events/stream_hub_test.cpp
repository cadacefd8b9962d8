#include "core/events/stream_hub.hpp"

#include "tests/unit/core/events/stream_fixture.hpp"

namespace codelab::core::events {
namespace {

using codelab::tests::event_of;
using codelab::tests::new_user;
using codelab::tests::payloads;
using State = Subscription::State;

class StreamHubTest : public codelab::tests::StreamTest {
 protected:
  StreamHubTest() : StreamTest({.buffered_events = 3, .buffer_age = std::chrono::seconds{60}, .buffer_bytes = 4'000}) {}

  StreamHub::Joined joined(Position since = {}) {
    const auto reader = subscription();
    return hub_.join(user_, stream_, reader, since);
  }
  std::shared_ptr<Subscription> subscriber() {
    auto reader = subscription();
    hub_.subscribe(user_, stream_, reader);
    return reader;
  }
  State state_of(const std::shared_ptr<Subscription>& reader) { return taken(*reader).state; }
};

TEST_F(StreamHubTest, a_committed_event_reaches_every_subscriber_of_its_stream_and_nobody_else) {
  const auto first = subscriber();
  const auto second = subscriber();
  const auto elsewhere = subscription();
  hub_.subscribe(user_, StreamId::generate(), elsewhere);
  const auto foreign = subscription();
  hub_.subscribe(new_user(), stream_, foreign);
  commit_up_to(2);
  EXPECT_EQ(payloads(taken(*first).lines), numbers(1, 2));
  EXPECT_EQ(payloads(taken(*second).lines), numbers(1, 2));
  EXPECT_TRUE(taken(*elsewhere).lines.empty());
  EXPECT_TRUE(taken(*foreign).lines.empty());
}

TEST_F(StreamHubTest, who_joins_gets_the_newest_events_and_their_last_number) {
  commit_up_to(5);
  const auto start = joined();
  EXPECT_EQ(start.last_seq, 5);
  EXPECT_EQ(payloads(start.buffered), numbers(3, 5));
}

TEST_F(StreamHubTest, a_stream_that_nothing_was_told_of_is_not_known) { EXPECT_EQ(joined().last_seq, 0); }

TEST_F(StreamHubTest, a_sweep_drops_what_is_too_old_but_not_while_somebody_listens) {
  const auto reader = subscriber();
  commit_up_to(1);
  clock_.advance(std::chrono::seconds{40});
  commit_up_to(2);
  clock_.advance(std::chrono::seconds{30});
  hub_.sweep();
  auto start = joined();
  EXPECT_EQ(payloads(start.buffered), numbers(2, 2));
  clock_.advance(std::chrono::seconds{61});
  hub_.sweep();
  start = joined();
  EXPECT_EQ(start.last_seq, 2);
  EXPECT_TRUE(start.buffered.empty());
}

TEST_F(StreamHubTest, a_sweep_forgets_a_stream_that_nobody_needs) {
  commit_up_to(1);
  clock_.advance(std::chrono::seconds{61});
  hub_.sweep();
  EXPECT_EQ(joined().last_seq, 0);
}

TEST_F(StreamHubTest, buffers_have_no_holes_when_their_bytes_are_used_up) {
  commit_up_to(2);
  log_.append(user_, stream_, event_of("{\"big\":\"" + std::string(4'000, 'x') + "\"}"));
  EXPECT_TRUE(joined().buffered.empty());
  commit_up_to(5);
  EXPECT_EQ(payloads(joined().buffered), numbers(4, 5));
}

TEST_F(StreamHubTest, deltas_reach_those_who_want_them_with_their_place) {
  const auto task = base::TaskId::generate();
  const auto message = base::MessageId::generate();
  commit_up_to(1);
  hub_.begin_text(user_, stream_, task, "coder", message);
  const auto reader = subscriber();
  const auto without = subscription({.deltas = false});
  hub_.subscribe(user_, stream_, without);
  hub_.append_text(user_, stream_, message, "Hel");
  hub_.append_text(user_, stream_, message, "lo");
  const auto lines = taken(*reader).lines;
  ASSERT_EQ(lines.size(), 2);
  EXPECT_EQ(lines[1]->type, EventType::message_delta);
  EXPECT_EQ(lines[1]->position, (Position{.seq = 1, .delta = 5}));
  EXPECT_TRUE(lines[1]->payload().contains(R"("offset":3,"text":"lo")")) << lines[1]->payload();
  EXPECT_TRUE(taken(*without).lines.empty());
}

TEST_F(StreamHubTest, who_joins_in_mid_answer_gets_what_it_misses_of_the_text) {
  const auto task = base::TaskId::generate();
  const auto message = base::MessageId::generate();
  commit_up_to(1);
  hub_.begin_text(user_, stream_, task, "coder", message);
  hub_.append_text(user_, stream_, message, "Hello");
  const auto start = joined({.seq = 1, .delta = 2});
  ASSERT_EQ(start.texts.size(), 1);
  EXPECT_TRUE(start.texts[0]->payload().contains(R"("offset":2,"text":"llo")")) << start.texts[0]->payload();
}

TEST_F(StreamHubTest, a_text_is_gone_with_its_message_with_the_end_of_its_task_or_when_it_is_ended) {
  for (const auto type : {EventType::message_created, EventType::task_failed, EventType::heartbeat}) {
    const auto task = base::TaskId::generate();
    const auto message = base::MessageId::generate();
    hub_.begin_text(user_, stream_, task, "coder", message);
    hub_.append_text(user_, stream_, message, "Hello");
    ASSERT_EQ(joined().texts.size(), 1);
    if (type == EventType::heartbeat) {
      hub_.end_text(user_, stream_, message);
    } else {
      log_.append(user_, stream_, {.type = type, .task = task});
    }
    EXPECT_TRUE(joined().texts.empty());
    hub_.append_text(user_, stream_, message, "late");
    EXPECT_TRUE(joined().texts.empty());
  }
}

TEST_F(StreamHubTest, a_text_that_begins_before_the_end_of_another_is_committed_stands_behind_that) {
  const auto reader = subscriber();
  for (const std::string_view text : {"Hello", "abc"}) {
    const auto message = base::MessageId::generate();
    hub_.begin_text(user_, stream_, base::TaskId::generate(), "coder", message);
    hub_.append_text(user_, stream_, message, text);
    hub_.end_text(user_, stream_, message);
  }
  const auto lines = taken(*reader).lines;
  ASSERT_EQ(lines.size(), 2);
  EXPECT_EQ(lines[0]->position, (Position{.seq = 0, .delta = 5}));
  EXPECT_EQ(lines[1]->position, (Position{.seq = 0, .delta = 8}));
}

TEST_F(StreamHubTest, closing_a_stream_ends_its_subscribers_alone) {
  const auto here = subscriber();
  const auto elsewhere = subscription();
  hub_.subscribe(user_, StreamId::generate(), elsewhere);
  hub_.close_stream(user_, stream_);
  EXPECT_EQ(state_of(here), State::closed);
  EXPECT_EQ(state_of(elsewhere), State::open);
}

TEST_F(StreamHubTest, nobody_closes_a_stream_of_another_user) {
  const auto here = subscriber();
  hub_.close_stream(new_user(), stream_);
  hub_.close_user(base::UserId::generate());
  hub_.close_login(base::UserId::generate(), login_);
  EXPECT_EQ(state_of(here), State::open);
}

TEST_F(StreamHubTest, closing_a_login_spares_the_others_of_the_same_user) {
  const auto here = subscriber();
  const auto other = std::make_shared<Subscription>(loop_.executor(), Interest{}, Subscription::Bounds{},
                                                    base::AuthSessionId::generate());
  hub_.subscribe(user_, stream_, other);
  hub_.close_login(user_.user(), login_);
  EXPECT_EQ(state_of(here), State::closed);
  EXPECT_EQ(state_of(other), State::open);
  hub_.close_user(user_.user());
  EXPECT_EQ(state_of(other), State::closed);
}

TEST_F(StreamHubTest, closing_all_ends_everybody) {
  const auto here = subscriber();
  const auto foreign = subscription();
  hub_.subscribe(new_user(), stream_, foreign);
  hub_.close_all();
  EXPECT_EQ(state_of(here), State::closed);
  EXPECT_EQ(state_of(foreign), State::closed);
}

TEST_F(StreamHubTest, subscribers_who_left_do_not_count) {
  auto here = subscriber();
  const auto stays = subscriber();
  EXPECT_EQ(hub_.subscriber_count(), 2);
  here.reset();
  EXPECT_EQ(hub_.subscriber_count(), 1);
}

}  // namespace
}  // namespace codelab::core::events
