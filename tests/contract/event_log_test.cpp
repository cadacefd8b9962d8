#include <thread>

#include <gtest/gtest.h>

#include "tests/contract/stores.hpp"

namespace codelab::tests {
namespace {

using core::events::Event;
using core::events::EventType;
using core::identity::UserScope;

class EventLogContract : public StoreContract {
 protected:
  /// Appends `count` events to the task's stream, one call each.
  static base::Task<> append_many(Stores& stores, UserScope user, core::chat::Task task, int count) {
    for (int i = 0; i < count; ++i) {
      std::vector<core::events::NewEvent> events(1, {.type = EventType::task_progress, .task = task.id});
      co_await stores.tasks().append(user, task, std::move(events));
    }
  }
};

CODELAB_OVER_EVERY_STORE(EventLogContract);

TEST_P(EventLogContract, ReadsAfterAPositionUpToALimit) {
  const auto user = new_user();
  const auto session = new_session(user);
  const auto task = begun(user, session);
  run_task(append_many(*stores, user, task, 5));
  const auto stream = core::events::stream_of(session.id);
  const auto events = run_task(stores->log().read(user, stream, 3, 2));
  ASSERT_EQ(events.size(), 2);
  EXPECT_EQ(events[0].seq, 4);
  EXPECT_EQ(events[1].seq, 5);
  EXPECT_TRUE(run_task(stores->log().read(user, stream, 7, 10)).empty());
  EXPECT_EQ(run_task(stores->log().last_seq(user, stream)), 7);
}

TEST_P(EventLogContract, AReadEndsWithTheEventThatFillsIt) {
  const auto user = new_user();
  const auto session = new_session(user);
  const auto task = begun(user, session);
  const std::string large = '"' + std::string(core::events::EventLog::kMaxReadBytes, 'x') + '"';
  for (int i = 0; i < 2; ++i) {
    run_task(stores->tasks().append(user, task, {{.type = EventType::task_progress, .payload = large}}));
  }
  const auto stream = core::events::stream_of(session.id);
  EXPECT_EQ(events_of(user, stream).size(), 3);
  EXPECT_EQ(run_task(stores->log().read(user, stream, 3, 10)).size(), 1);
}

TEST_P(EventLogContract, AnotherUsersStreamIsEmpty) {
  const auto ann = new_user();
  const auto bob = new_user();
  const auto session = new_session(ann);
  begun(ann, session);
  EXPECT_TRUE(events_of(bob, core::events::stream_of(session.id)).empty());
  EXPECT_TRUE(events_of(bob, core::events::own_stream(ann.user())).empty());
  EXPECT_EQ(run_task(stores->log().last_seq(bob, core::events::stream_of(session.id))), 0);
}

TEST_P(EventLogContract, TimesNeverGoBackWithinAStream) {
  const auto user = new_user();
  const auto session = new_session(user);
  run_task(append_many(*stores, user, begun(user, session), 3));
  const auto events = events_of(user, core::events::stream_of(session.id));
  for (std::size_t i = 1; i < events.size(); ++i) EXPECT_LE(events[i - 1].at, events[i].at);
}

TEST_P(EventLogContract, EightWritersLeaveNoGapAndNoDouble) {
  constexpr int kWriters = 8;
  constexpr int kEach = 40;
  const auto user = new_user();
  const auto session = new_session(user);
  const auto task = begun(user, session);
  std::vector<std::jthread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&] { run_task(append_many(*stores, user, task, kEach)); });
  }
  writers.clear();
  const auto logged = events_of(user, core::events::stream_of(session.id));
  const auto relayed = relay.take();
  ASSERT_EQ(logged.size(), 2 + kWriters * kEach);
  ASSERT_EQ(relayed.size(), kWriters * kEach);
  for (std::size_t i = 0; i < logged.size(); ++i) EXPECT_EQ(logged[i].seq, static_cast<std::int64_t>(i) + 1);
  for (std::size_t i = 0; i < relayed.size(); ++i) EXPECT_EQ(relayed[i].seq, static_cast<std::int64_t>(i) + 3);
}

TEST_P(EventLogContract, AppendsToTheUsersOwnStreamAndTellsTheRelay) {
  const auto user = new_user();
  const auto before = own_event_types(user);
  const core::events::NewEvent event{
      .type = core::events::EventType::memory_pruned, .agent = "coder", .payload = R"({"count":2})"};
  EXPECT_TRUE(run_task(stores->own_stream().append(user, event)));
  const auto events = events_of(user, core::events::own_stream(user.user()));
  ASSERT_EQ(events.size(), before.size() + 1);
  EXPECT_EQ(events.back().seq, static_cast<std::int64_t>(events.size()));
  EXPECT_EQ(events.back().body.type, event.type);
  EXPECT_EQ(events.back().body.agent, "coder");
  EXPECT_EQ(events.back().body.payload, event.payload);
  const auto told = relay.take();
  ASSERT_EQ(told.size(), 1);
  EXPECT_EQ(told[0].seq, events.back().seq);
}

TEST_P(EventLogContract, AppendsNothingForAUserWhoIsNotThere) {
  const auto nobody = core::identity::ScopeIssuer::open(base::UserId::generate());
  EXPECT_FALSE(run_task(stores->own_stream().append(nobody, {.type = core::events::EventType::memory_pruned})));
  EXPECT_TRUE(relay.take().empty());
}

}  // namespace
}  // namespace codelab::tests
