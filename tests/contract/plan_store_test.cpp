#include <gtest/gtest.h>

#include "base/describe/encode.hpp"
#include "core/orchestration/plan_events.hpp"
#include "tests/contract/stores.hpp"

namespace codelab::tests {
namespace {

using core::chat::Session;
using core::chat::Task;
using core::chat::TaskKind;
using core::chat::TaskStatus;
using core::identity::UserScope;
using core::orchestration::Changed;
using core::orchestration::NodeStatus;
using core::orchestration::Plan;
using core::orchestration::PlanChange;
using core::orchestration::PlanId;
using core::orchestration::PlanNode;

class PlanStoreContract : public StoreContract {
 protected:
  /// Of a task that runs, two nodes.
  Plan new_plan(const Task& task) {
    PlanNode first{.id = "eins", .agent = "coder", .instruction = "schreib \"Größe\"\n", .expected_output = "x"};
    PlanNode second{.id = "zwei", .agent = "asker", .instruction = "y", .depends_on = {"eins", "\"]"}};
    return {.id = PlanId::generate(),
            .session_id = task.session_id,
            .task_id = task.id,
            .goal = "ein Ziel",
            .status = task.status,
            .nodes = {std::move(first), std::move(second)},
            .planning = {.prompt_tokens = 3, .completion_tokens = 2, .cost_usd = 0.25},
            .estimate = core::orchestration::PlanEstimate{.seconds = 1.5, .tokens = 7, .cost_usd = 0.125},
            .created_at = clock.now(),
            .updated_at = clock.now()};
  }
  Changed create(const UserScope& user, const Plan& plan) {
    return run_task(stores->plans().create(user, plan, {plan_created(plan)}));
  }
  PlanChange next(const Plan& plan) {
    return {.plan = plan.id, .version = plan.version + 1, .updated_at = clock.now()};
  }
  Task step_of(const Plan& plan, TaskStatus status) {
    return {.id = base::TaskId::generate(),
            .session_id = plan.session_id,
            .agent_id = base::AgentId::generate(),
            .agent_name = "coder",
            .status = status,
            .request_message_id = base::MessageId::generate(),
            .created_at = clock.now(),
            .started_at = clock.now(),
            .kind = TaskKind::step,
            .parent_id = plan.task_id};
  }
  std::optional<Plan> find(const UserScope& user, const Plan& plan) {
    return run_task(stores->plans().find(user, plan.id));
  }
  std::size_t event_count(const UserScope& user, const Plan& plan) {
    return events_of(user, core::events::stream_of(plan.session_id)).size();
  }

  const UserScope user = new_user();
  const Session session = new_session(user);
  const Task task = begun(user, session);
  const Plan plan = new_plan(task);
};

CODELAB_OVER_EVERY_STORE(PlanStoreContract);

TEST_P(PlanStoreContract, GivesBackWhatWasStored) {
  const auto before = event_count(user, plan);
  ASSERT_EQ(create(user, plan), Changed::yes);
  EXPECT_EQ(base::encode(find(user, plan).value()), base::encode(plan));
  EXPECT_EQ(base::encode(run_task(stores->plans().of_task(user, task.id)).value()), base::encode(plan));
  EXPECT_EQ(event_count(user, plan), before + 1);
  EXPECT_FALSE(run_task(stores->plans().of_task(user, base::TaskId::generate())));
}

TEST_P(PlanStoreContract, ATaskHasOnePlan) {
  ASSERT_EQ(create(user, plan), Changed::yes);
  const auto events = event_count(user, plan);
  const Plan other = new_plan(task);
  EXPECT_EQ(create(user, other), Changed::stale);
  EXPECT_FALSE(find(user, other));
  EXPECT_EQ(event_count(user, plan), events);
}

TEST_P(PlanStoreContract, ChangesNodesStepsAndEventsTogether) {
  ASSERT_EQ(create(user, plan), Changed::yes);
  Plan changed = plan;
  auto change = next(plan);
  Task step = step_of(plan, TaskStatus::running);
  changed.nodes[0].status = NodeStatus::running;
  changed.nodes[0].task_id = step.id;
  changed.nodes[0].attempt = 1;
  const PlanNode added{.id = "drei", .agent = "coder", .instruction = "z"};
  change.nodes = {{0, changed.nodes[0]}, {1, added}};
  change.removed = {"zwei"};
  change.steps = {step};
  change.events = {plan_updated(plan, changed.nodes)};
  changed.nodes[1] = added;
  changed.version = change.version;
  changed.updated_at = change.updated_at;
  ASSERT_EQ(run_task(stores->plans().change(user, task, change)), Changed::yes);
  EXPECT_EQ(base::encode(find(user, plan).value()), base::encode(changed));
  const auto stored = run_task(stores->tasks().find(user, step.id));
  EXPECT_EQ(base::encode(stored.value()), base::encode(step));
}

TEST_P(PlanStoreContract, AStepAndItsNodeEnd) {
  ASSERT_EQ(create(user, plan), Changed::yes);
  Task step = step_of(plan, TaskStatus::running);
  auto begin = next(plan);
  begin.steps = {step};
  ASSERT_EQ(run_task(stores->plans().change(user, task, begin)), Changed::yes);
  auto end = next(plan);
  ++end.version;
  step.status = TaskStatus::failed;
  step.completed_at = clock.now();
  step.error = {.code = "model_failed", .detail = "no"};
  PlanNode node = plan.nodes[0];
  node.status = NodeStatus::failed;
  node.error = step.error;
  node.result = "something";
  node.usage = core::chat::Usage{.prompt_tokens = 1, .completion_tokens = 2};
  end.nodes = {{0, node}};
  end.steps = {step};
  ASSERT_EQ(run_task(stores->plans().change(user, task, end)), Changed::yes);
  EXPECT_EQ(base::encode(run_task(stores->tasks().find(user, step.id)).value()), base::encode(step));
  EXPECT_EQ(base::encode(find(user, plan)->nodes[0]), base::encode(node));
}

TEST_P(PlanStoreContract, UnfinishedNodesEndWithTheirPlansTask) {
  Task plans_task = task;
  plans_task.kind = TaskKind::plan;
  plans_task.status = TaskStatus::failed;
  plans_task.completed_at = clock.now();
  ASSERT_EQ(create(user, plan), Changed::yes);
  ASSERT_TRUE(run_task(stores->tasks().end(user, plans_task, {})));
  const auto ended = find(user, plan).value();
  for (const PlanNode& node : ended.nodes) {
    EXPECT_EQ(node.status, NodeStatus::cancelled);
    EXPECT_EQ(node.error.value().code, "cancelled");
  }
  EXPECT_EQ(ended.version, plan.version + 1);
  const auto events = events_of(user, core::events::stream_of(session.id));
  EXPECT_EQ(events.back().body.payload, plan_updated(ended, ended.nodes).payload);
}

TEST_P(PlanStoreContract, TheNodeOfAStepThatIsCancelledEndsWithIt) {
  ASSERT_EQ(create(user, plan), Changed::yes);
  Task step = step_of(plan, TaskStatus::running);
  auto begin = next(plan);
  PlanNode node = plan.nodes[1];
  node.status = NodeStatus::running;
  node.task_id = step.id;
  begin.nodes = {{1, node}};
  begin.steps = {step};
  ASSERT_EQ(run_task(stores->plans().change(user, task, begin)), Changed::yes);
  step.status = TaskStatus::cancelled;
  step.completed_at = clock.now();
  step.error = {.code = "cancelled", .detail = "no more"};
  ASSERT_TRUE(run_task(stores->tasks().cancel(user, step, {})));
  const auto after = find(user, plan).value();
  EXPECT_EQ(after.nodes[0].status, NodeStatus::pending);
  EXPECT_EQ(after.nodes[1].status, NodeStatus::cancelled);
  EXPECT_EQ(after.nodes[1].error.value().detail, "no more");
  EXPECT_EQ(after.version, plan.version + 2);
  const auto events = events_of(user, core::events::stream_of(session.id));
  EXPECT_EQ(events.back().body.payload, plan_updated(after, {&after.nodes[1], 1}).payload);
}

TEST_P(PlanStoreContract, KnowsWhenItsFirstNodeBegan) {
  ASSERT_EQ(create(user, plan), Changed::yes);
  EXPECT_FALSE(find(user, plan)->begun_at);
  auto change = next(plan);
  change.begun_at = plan.created_at + std::chrono::seconds(1);
  ASSERT_EQ(run_task(stores->plans().change(user, task, change)), Changed::yes);
  ++change.version;
  change.begun_at = plan.created_at + std::chrono::seconds(2);
  ASSERT_EQ(run_task(stores->plans().change(user, task, change)), Changed::yes);
  EXPECT_EQ(find(user, plan)->begun_at, plan.created_at + std::chrono::seconds(1));
}

TEST_P(PlanStoreContract, KnowsWhatAgentsHaveDoneLately) {
  ASSERT_EQ(create(user, plan), Changed::yes);
  auto change = next(plan);
  for (const int seconds : {2, 4}) {
    Task step = step_of(plan, TaskStatus::completed);
    step.completed_at = *step.started_at + std::chrono::seconds(seconds);
    change.steps.push_back(step);
  }
  PlanNode node = plan.nodes[0];
  node.task_id = change.steps[0].id;
  node.usage = core::chat::Usage{.prompt_tokens = 30, .completion_tokens = 7};
  change.nodes = {{0, node}};
  change.steps.push_back(step_of(plan, TaskStatus::running));
  ASSERT_EQ(run_task(stores->plans().change(user, task, change)), Changed::yes);
  const auto past = run_task(stores->plans().past_work(user));
  ASSERT_EQ(past.size(), 1U);
  EXPECT_EQ(past[0].agent, "coder");
  EXPECT_DOUBLE_EQ(past[0].seconds, 3);
  EXPECT_EQ(past[0].prompt_tokens, 30);
  EXPECT_EQ(past[0].completion_tokens, 7);
  EXPECT_TRUE(run_task(stores->plans().past_work(new_user())).empty());
}

TEST_P(PlanStoreContract, AStaleChangeWritesNothing) {
  ASSERT_EQ(create(user, plan), Changed::yes);
  const auto events = event_count(user, plan);
  auto change = next(plan);
  ++change.version;
  const Task step = step_of(plan, TaskStatus::running);
  change.steps = {step};
  change.removed = {"eins"};
  change.events = {plan_created(plan)};
  EXPECT_EQ(run_task(stores->plans().change(user, task, change)), Changed::stale);
  EXPECT_EQ(base::encode(find(user, plan).value()), base::encode(plan));
  EXPECT_FALSE(run_task(stores->tasks().find(user, step.id)));
  EXPECT_EQ(event_count(user, plan), events);
}

TEST_P(PlanStoreContract, APlanWhoseTaskHasEndedIsGone) {
  ASSERT_EQ(create(user, plan), Changed::yes);
  Task ended = task;
  ended.status = TaskStatus::failed;
  ended.completed_at = clock.now();
  ASSERT_TRUE(run_task(stores->tasks().end(user, ended, {})));
  EXPECT_EQ(run_task(stores->plans().change(user, task, next(plan))), Changed::gone);
  EXPECT_EQ(run_task(stores->plans().edit(user, task, next(plan))), Changed::gone);
  EXPECT_EQ(find(user, plan)->status, TaskStatus::failed);
  EXPECT_EQ(create(user, new_plan(task)), Changed::gone);
}

TEST_P(PlanStoreContract, OnlyTheProcessThatRunsItsTaskChangesItAndItsUserEditsItAnywhere) {
  ASSERT_EQ(create(user, plan), Changed::yes);
  stores->restart();
  EXPECT_EQ(run_task(stores->plans().change(user, task, next(plan))), Changed::gone);
  auto edit = next(plan);
  PlanNode node = plan.nodes[1];
  node.instruction = "something else";
  edit.nodes = {{1, node}};
  EXPECT_EQ(run_task(stores->plans().edit(user, task, edit)), Changed::yes);
  EXPECT_EQ(find(user, plan)->nodes[1].instruction, "something else");
}

TEST_P(PlanStoreContract, GoesWithItsSession) {
  ASSERT_EQ(create(user, plan), Changed::yes);
  ASSERT_TRUE(run_task(stores->sessions().erase(user, session.id, clock.now())));
  EXPECT_FALSE(find(user, plan));
  EXPECT_EQ(run_task(stores->plans().change(user, task, next(plan))), Changed::gone);
}

TEST_P(PlanStoreContract, AnotherUserNeitherSeesNorChangesIt) {
  ASSERT_EQ(create(user, plan), Changed::yes);
  const auto other = new_user();
  EXPECT_FALSE(find(other, plan));
  EXPECT_FALSE(run_task(stores->plans().of_task(other, task.id)));
  EXPECT_EQ(run_task(stores->plans().change(other, task, next(plan))), Changed::gone);
  EXPECT_EQ(run_task(stores->plans().edit(other, task, next(plan))), Changed::gone);
  EXPECT_EQ(create(other, new_plan(task)), Changed::gone);
  EXPECT_EQ(find(user, plan)->version, 1);
}

TEST_P(PlanStoreContract, StepsAreNotTakenOverButGoWithTheirPlansTask) {
  ASSERT_EQ(create(user, plan), Changed::yes);
  auto change = next(plan);
  change.steps = {step_of(plan, TaskStatus::running)};
  ASSERT_EQ(run_task(stores->plans().change(user, task, change)), Changed::yes);
  stores->restart();
  const auto taken = run_task(stores->leases().take_over({.begun_before = clock.now()}));
  ASSERT_EQ(taken.size(), 1);
  EXPECT_EQ(taken[0].task.id, task.id);
}

}  // namespace
}  // namespace codelab::tests
