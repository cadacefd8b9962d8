#include "core/chat/take_over.hpp"

#include <algorithm>
#include <utility>

#include "tests/unit/core/chat/chat_fixture.hpp"

namespace codelab::core::chat {
namespace {

using events::EventType;

/// Has some tasks to take, once.
class LeftTasks final : public TaskLeases {
 public:
  base::Task<> renew(std::chrono::milliseconds) override { co_return; }
  base::Task<std::vector<TakenTask>> take_over(TakeOverRule) override { co_return std::exchange(left, {}); }
  base::Task<> release() override { co_return; }

  std::vector<TakenTask> left;
};

class TakeOverTest : public codelab::tests::ChatTest {
 protected:
  TakeOverTest() { loop_.run(take_over_.begin()); }
  ~TakeOverTest() override {
    taking_->cancel();
    loop_.run_until([&] { return taking_->ended(); });
    loop_.settle();
  }

  /// A task of the agent `coder` which another process left.
  base::TaskId left(TaskStatus status, std::int64_t attempt) {
    const auto agent = loop_.run(registry_.find(user_, agents::AgentRef::parse("coder"))).value();
    agent_ = agent.id;
    Task task{.id = base::TaskId::generate(),
              .session_id = session_.id,
              .agent_id = agent.id,
              .agent_name = agent.name,
              .status = status,
              .request_message_id = base::MessageId::generate()};
    Message message{.id = task.request_message_id, .session_id = session_.id, .content = "two", .task_id = task.id};
    EXPECT_TRUE(loop_.run(tasks_.begin(user_, {.message = message, .task = task})));
    const auto id = task.id;
    leases_.left.push_back({.scope = user_,
                            .task = std::move(task),
                            .attempt = attempt,
                            .stalled = attempt - 1,
                            .request = std::move(message)});
    return id;
  }
  void taken() { taking_ = loop_.start(take_over_.run()); }
  bus::Ticket another() const {
    return {.scope = user_, .agent = agent_, .session = session_.id, .task = base::TaskId::generate()};
  }

  base::AgentId agent_;
  LeftTasks leases_;
  TakeOver take_over_{{.leases = leases_,
                       .tasks = tasks_,
                       .running = running_,
                       .targets = targets_,
                       .bus = bus_,
                       .clock = clock_,
                       .cores = loop_.cores(),
                       .work = work_},
                      queued_,
                      {}};
  std::shared_ptr<codelab::tests::HandLoop::Started<void>> taking_;
};

TEST_F(TakeOverTest, what_was_left_is_begun_again_and_ends) {
  const auto id = left(TaskStatus::running, 2);
  taken();
  EXPECT_EQ(task(id).status, TaskStatus::completed);
  EXPECT_EQ(event_types().front(), EventType::task_started);
  EXPECT_TRUE(events().front().body.payload.contains(R"("attempt":2)"));
}

TEST_F(TakeOverTest, a_task_that_was_accepted_is_not_refused_by_a_full_queue) {
  const auto id = left(TaskStatus::queued, 1);
  const bus::QueueBounds bounds{.running = 3, .waiting = 100};
  std::vector<bus::Ticket> running;
  for (int i = 0; i < 103; ++i) {
    auto ticket = another();
    const auto place = loop_.run(queues_.enter(ticket, bounds));
    ASSERT_NE(place, bus::Place::refused);
    running.push_back(std::move(ticket));
  }
  EXPECT_EQ(loop_.run(queues_.enter(another(), bounds)), bus::Place::refused);
  taken();
  EXPECT_EQ(bus_.counts().waiting, 1);
  for (auto& each : running) loop_.run(queues_.leave(each, bounds));
  const auto looking = loop_.start(bus_.run());
  loop_.run_until([&] { return is_final(task(id).status); });
  EXPECT_EQ(task(id).status, TaskStatus::completed);
  looking->cancel();
  loop_.run_until([&] { return looking->ended(); });
}

TEST_F(TakeOverTest, a_task_that_was_begun_too_often_fails) {
  const auto id = left(TaskStatus::running, 4);
  taken();
  ASSERT_TRUE(task(id).error);
  EXPECT_EQ(task(id).error->code, "interrupted");
  EXPECT_TRUE(model_.asked.empty());
}

}  // namespace
}  // namespace codelab::core::chat
