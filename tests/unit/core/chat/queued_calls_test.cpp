#include "core/chat/queued_calls.hpp"

#include <algorithm>

#include "tests/unit/core/chat/chat_fixture.hpp"

namespace codelab::core::chat {
namespace {

using base::ErrorCode;
using events::EventType;

class QueuedCallsTest : public codelab::tests::ChatTest {
 protected:
  QueuedCallsTest() {
    agents::AgentDefinition single{.name = "single", .config = {}};
    single.config.concurrency_limit = 1;
    loop_.run(registry_.create(user_, std::move(single))).value();
    model_.gate.close();
    first_ = post(message("@single one")).value().task;
  }
  ~QueuedCallsTest() override {
    model_.gate.open();
    loop_.settle();
  }

  Task second() { return post(message("@single two")).value().task; }
  void first_ends() {
    model_.gate.open();
    loop_.run_until([&] { return is_final(task(first_.id).status); });
    loop_.settle();
  }
  void nobody_waits() {
    loop_.run_until([&] { return bus_.counts().waiting == 0; });
  }
  std::vector<EventType> told_of(const base::TaskId& id) {
    std::vector<EventType> types;
    for (const auto& event : events()) {
      if (event.body.task == id) types.push_back(event.body.type);
    }
    return types;
  }
  /// A call to `single` whose task is stored, with its place in the queue behind the first one's.
  std::pair<Call, bus::AgentBus::Turn> waiting(TaskStatus status) {
    auto agent = loop_.run(registry_.find(user_, agents::AgentRef::parse("single"))).value();
    Task task{.id = base::TaskId::generate(),
              .session_id = session_.id,
              .agent_id = agent.id,
              .agent_name = agent.name,
              .status = status,
              .request_message_id = base::MessageId::generate()};
    Message message{.id = task.request_message_id, .session_id = session_.id, .content = "two", .task_id = task.id};
    EXPECT_TRUE(loop_.run(tasks_.begin(user_, {.message = message, .task = task})));
    bus::Ticket ticket{.scope = user_, .agent = agent.id, .session = session_.id, .task = task.id};
    auto turn = loop_.run(bus_.enter(std::move(ticket), bounds_of(agent))).value();
    return {Call{.scope = user_, .task = std::move(task), .request = std::move(message), .agent = std::move(agent)},
            std::move(turn)};
  }

  Task first_;
};

TEST_F(QueuedCallsTest, a_task_that_waits_is_begun_when_its_turn_comes) {
  const Task waits = second();
  EXPECT_EQ(waits.status, TaskStatus::queued);
  EXPECT_EQ(task(waits.id).status, TaskStatus::queued);
  EXPECT_EQ(model_.asked.size(), 1);
  first_ends();
  EXPECT_EQ(task(waits.id).status, TaskStatus::completed);
  EXPECT_TRUE(task(waits.id).started_at);
  const auto told = told_of(waits.id);
  EXPECT_EQ(std::ranges::count(told, EventType::task_queued), 1);
  EXPECT_EQ(std::ranges::count(told, EventType::task_started), 1);
}

TEST_F(QueuedCallsTest, a_turn_that_comes_while_the_task_is_stored_as_waiting_begins_it) {
  tasks_.beginning.close();
  const auto posting = loop_.start(poster_.post(user_, message("@single two"), {}));
  first_ends();
  EXPECT_EQ(bus_.counts().running, 1);
  tasks_.beginning.open();
  loop_.run_until([&] { return posting->ended(); });
  const Task posted = posting->take().value().task;
  EXPECT_EQ(posted.status, TaskStatus::queued);
  loop_.run_until([&] { return is_final(task(posted.id).status); });
  EXPECT_TRUE(task(posted.id).started_at);
  EXPECT_EQ(std::ranges::count(told_of(posted.id), EventType::task_started), 1);
}

TEST_F(QueuedCallsTest, a_task_whose_session_is_deleted_makes_room_before_its_turn) {
  const auto other = chat_.new_session(user_);
  auto post = message("@single two");
  post.session = other.id;
  ASSERT_TRUE(loop_.run(poster_.post(user_, std::move(post), {})));
  EXPECT_EQ(bus_.counts().waiting, 1);
  chat_.erase(user_, other.id);
  nobody_waits();
  EXPECT_EQ(bus_.counts().running, 1);
  first_ends();
  EXPECT_EQ(model_.asked.size(), 1);
}

TEST_F(QueuedCallsTest, a_store_that_is_away_meanwhile_does_not_end_the_wait) {
  const Task waits = second();
  int asked = 0;
  tasks_.before = [&](std::string_view call) {
    if (call == "find" && ++asked < 3) throw base::StoreError("away");
  };
  loop_.run_until([&] { return asked >= 3; });
  EXPECT_EQ(bus_.counts().waiting, 1);
  first_ends();
  EXPECT_EQ(task(waits.id).status, TaskStatus::completed);
}

TEST_F(QueuedCallsTest, a_task_that_waits_too_long_fails_and_says_so) {
  QueuedCalls impatient({.tasks = tasks_, .targets = targets_, .lifecycle = lifecycle_, .runner = runner_},
                        {.wait = std::chrono::milliseconds{1}, .look = std::chrono::milliseconds{1}});
  auto [call, turn] = waiting(TaskStatus::queued);
  const auto id = call.task.id;
  loop_.run(impatient.run(std::move(call), std::move(turn)));
  ASSERT_TRUE(task(id).error);
  EXPECT_EQ(task(id).error->code, "overloaded");
  EXPECT_TRUE(task(id).error->retry_after);
  EXPECT_EQ(bus_.counts().waiting, 0);
  EXPECT_EQ(told_of(id).back(), EventType::task_failed);
}

TEST_F(QueuedCallsTest, a_task_whose_agent_is_deleted_while_it_waits_fails) {
  const Task waits = second();
  loop_.run(registry_.erase(user_, agents::AgentRef::parse("single"))).value();
  first_ends();
  ASSERT_TRUE(task(waits.id).error);
  EXPECT_EQ(task(waits.id).error->code, "agent_not_found");
  EXPECT_EQ(model_.asked.size(), 1);
  EXPECT_EQ(bus_.counts().running, 0);
}

TEST_F(QueuedCallsTest, a_task_that_ran_before_says_that_it_waits_again) {
  auto [call, turn] = waiting(TaskStatus::running);
  const auto id = call.task.id;
  const auto running = loop_.start(queued_.run(std::move(call), std::move(turn)));
  EXPECT_EQ(task(id).status, TaskStatus::queued);
  first_ends();
  loop_.run_until([&] { return running->ended(); });
  running->take();
  EXPECT_EQ(task(id).status, TaskStatus::completed);
  const auto told = told_of(id);
  ASSERT_GE(told.size(), 2);
  EXPECT_EQ(told[0], EventType::task_queued);
  EXPECT_EQ(told[1], EventType::task_started);
}

TEST_F(QueuedCallsTest, when_turns_are_stopped_what_waits_is_left_to_others_and_what_runs_ends) {
  const Task waits = second();
  bus_.stop_turns();
  loop_.run_until([&] { return work_.size() == 1; });
  first_ends();
  EXPECT_EQ(task(first_.id).status, TaskStatus::completed);
  EXPECT_EQ(task(waits.id).status, TaskStatus::queued);
  EXPECT_EQ(model_.asked.size(), 1);
}

}  // namespace
}  // namespace codelab::core::chat
