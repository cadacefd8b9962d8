#include <algorithm>
#include <iterator>

#include <gtest/gtest.h>

#include "base/describe/encode.hpp"
#include "core/chat/direct_call_events.hpp"
#include "tests/contract/stores.hpp"

namespace codelab::tests {
namespace {

using core::chat::IdempotencyKey;
using core::chat::NewCall;
using core::chat::Task;
using core::chat::TaskStatus;
using core::events::EventType;
using core::identity::UserScope;

class TaskStoreContract : public StoreContract {
 protected:
  NewCall keyed_call(const core::chat::Session& session, const std::string& key, const std::string& request) {
    auto call = new_call(session);
    call.idempotency = IdempotencyKey{.key = key, .request_hash = request};
    return call;
  }

  Task ended(Task task, TaskStatus status) {
    task.status = status;
    task.completed_at = clock.now();
    return task;
  }
};

CODELAB_OVER_EVERY_STORE(TaskStoreContract);

TEST_P(TaskStoreContract, BeginsWithMessageTaskAndEventsTogether) {
  const auto user = new_user();
  const auto session = new_session(user);
  const auto call = new_call(session);
  const auto begun = run_task(stores->tasks().begin(user, call));
  ASSERT_TRUE(begun);
  EXPECT_FALSE(begun->replayed);
  EXPECT_EQ(begun->message_count, 1);
  EXPECT_EQ(base::encode(*run_task(stores->tasks().find(user, call.task.id))), base::encode(call.task));
  EXPECT_EQ(run_task(stores->messages().list(user, session.id, {}))->items.at(0).id, call.message.id);
  const auto changed = run_task(stores->sessions().find(user, session.id));
  EXPECT_EQ(changed->message_count, 1);
  EXPECT_EQ(changed->updated_at, call.message.created_at);
  const auto events = events_of(user, core::events::stream_of(session.id));
  ASSERT_EQ(events.size(), 2);
  EXPECT_EQ(events[0].body.payload, R"({"a":1})");
  EXPECT_EQ(events[1].body.agent, "coder");
  EXPECT_EQ(events[1].body.task, call.task.id);
}

TEST_P(TaskStoreContract, RelaysEventsOnceTheyAreDurableInOrder) {
  const auto user = new_user();
  const auto session = new_session(user);
  run_task(stores->tasks().begin(user, new_call(session))).value();
  const auto relayed = relay.take();
  ASSERT_EQ(relayed.size(), 2);
  EXPECT_EQ(relayed[0].seq, 1);
  EXPECT_EQ(relayed[1].seq, 2);
  EXPECT_EQ(relayed[0].user, user.user());
  const auto logged = events_of(user, core::events::stream_of(session.id));
  EXPECT_EQ(relayed[1].body.type, logged[1].body.type);
  EXPECT_EQ(relayed[1].body.payload, logged[1].body.payload);
  EXPECT_EQ(relayed[1].at, logged[1].at);
}

TEST_P(TaskStoreContract, RefusesAMessageInASessionThatIsNotThere) {
  const auto user = new_user();
  const auto begun = run_task(stores->tasks().begin(user, new_call({.id = base::SessionId::generate()})));
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().code, base::ErrorCode::session_not_found);
}

TEST_P(TaskStoreContract, RefusesAMessageInAnotherUsersSession) {
  const auto ann = new_user();
  const auto bob = new_user();
  const auto session = new_session(ann);
  const auto begun = run_task(stores->tasks().begin(bob, new_call(session)));
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().code, base::ErrorCode::session_not_found);
  EXPECT_EQ(run_task(stores->messages().list(ann, session.id, {}))->total, 0);
  EXPECT_TRUE(relay.take().empty());
}

TEST_P(TaskStoreContract, AKeyUsedAgainReplaysTheFirstCall) {
  const auto user = new_user();
  const auto session = new_session(user);
  const auto first = run_task(stores->tasks().begin(user, keyed_call(session, "key", "request")));
  relay.take();
  const auto again = run_task(stores->tasks().begin(user, keyed_call(session, "key", "request")));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->replayed);
  EXPECT_EQ(again->task.id, first->task.id);
  EXPECT_EQ(run_task(stores->messages().list(user, session.id, {}))->total, 1);
  EXPECT_TRUE(relay.take().empty());
}

TEST_P(TaskStoreContract, AKeyWithAnotherRequestIsRefused) {
  const auto user = new_user();
  const auto session = new_session(user);
  run_task(stores->tasks().begin(user, keyed_call(session, "key", "request"))).value();
  const auto other = run_task(stores->tasks().begin(user, keyed_call(session, "key", "other")));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, base::ErrorCode::idempotency_key_reused);
}

TEST_P(TaskStoreContract, AKeyBelongsToOneUser) {
  const auto ann = new_user();
  const auto bob = new_user();
  run_task(stores->tasks().begin(ann, keyed_call(new_session(ann), "key", "request"))).value();
  const auto his = run_task(stores->tasks().begin(bob, keyed_call(new_session(bob), "key", "other")));
  ASSERT_TRUE(his);
  EXPECT_FALSE(his->replayed);
}

TEST_P(TaskStoreContract, AKeyIsForgottenAfterADay) {
  const auto user = new_user();
  const auto session = new_session(user);
  run_task(stores->tasks().begin(user, keyed_call(session, "key", "request"))).value();
  auto late = keyed_call(session, "key", "other");
  late.task.created_at += std::chrono::hours{25};
  const auto begun = run_task(stores->tasks().begin(user, late));
  ASSERT_TRUE(begun);
  EXPECT_FALSE(begun->replayed);
}

TEST_P(TaskStoreContract, TheTaskThatAKeyMadeIsKnownWithoutBeginningAnother) {
  const auto user = new_user();
  const auto session = new_session(user);
  const auto begun = run_task(stores->tasks().begin(user, keyed_call(session, "key", "request")));
  const auto now = clock.now();
  const auto known = run_task(stores->tasks().earlier(user, {.key = "key", .request_hash = "request"}, now));
  ASSERT_TRUE(known && *known);
  EXPECT_EQ((*known)->id, begun->task.id);
  EXPECT_FALSE(run_task(stores->tasks().earlier(user, {.key = "new", .request_hash = "request"}, now)).value());
  const auto reused = run_task(stores->tasks().earlier(user, {.key = "key", .request_hash = "other"}, now));
  ASSERT_FALSE(reused);
  EXPECT_EQ(reused.error().code, base::ErrorCode::idempotency_key_reused);
  const auto tomorrow = now + std::chrono::hours{25};
  EXPECT_FALSE(run_task(stores->tasks().earlier(user, {.key = "key", .request_hash = "other"}, tomorrow)).value());
  EXPECT_FALSE(run_task(stores->tasks().earlier(new_user(), {.key = "key", .request_hash = "other"}, now)).value());
}

TEST_P(TaskStoreContract, ARefusedCallDoesNotUseUpItsKey) {
  const auto user = new_user();
  const auto session = new_session(user);
  EXPECT_FALSE(run_task(stores->tasks().begin(user, keyed_call({.id = base::SessionId::generate()}, "key", "a"))));
  EXPECT_TRUE(run_task(stores->tasks().begin(user, keyed_call(session, "key", "b"))));
}

TEST_P(TaskStoreContract, AppendsEventsAndKeepsThatTheTaskRuns) {
  const auto user = new_user();
  const auto session = new_session(user);
  auto task = begun(user, session);
  task.status = TaskStatus::running;
  task.started_at = clock.now();
  EXPECT_TRUE(run_task(stores->tasks().append(user, task, {{.type = EventType::task_started, .task = task.id}})));
  const auto found = run_task(stores->tasks().find(user, task.id));
  EXPECT_EQ(found->status, TaskStatus::running);
  EXPECT_EQ(found->started_at, task.started_at);
  EXPECT_EQ(events_of(user, core::events::stream_of(session.id)).back().body.type, EventType::task_started);
}

TEST_P(TaskStoreContract, CompletesOnceWithTheAnswer) {
  const auto user = new_user();
  const auto session = new_session(user);
  const auto task = begun(user, session);
  const auto answer = answer_to(task);
  const auto done = completed(task, answer);
  EXPECT_TRUE(run_task(stores->tasks().complete(user, done, answer, {{.type = EventType::task_completed}})));
  const auto late = answer_to(task);
  EXPECT_FALSE(run_task(stores->tasks().complete(user, completed(task, late), late, {{.type = EventType::error}})));
  EXPECT_FALSE(run_task(stores->tasks().append(user, task, {{.type = EventType::task_progress}})));
  EXPECT_FALSE(run_task(stores->tasks().end(user, ended(task, TaskStatus::failed), {{.type = EventType::error}})));
  EXPECT_EQ(base::encode(*run_task(stores->tasks().find(user, task.id))), base::encode(done));
  EXPECT_EQ(base::encode(*run_task(stores->tasks().answer(user, task.id))), base::encode(answer));
  EXPECT_EQ(run_task(stores->messages().list(user, session.id, {}))->total, 2);
  EXPECT_EQ(events_of(user, core::events::stream_of(session.id)).size(), 3);
}

TEST_P(TaskStoreContract, EndsOnceWithTheError) {
  const auto user = new_user();
  const auto session = new_session(user);
  const auto task = begun(user, session);
  auto failed = ended(task, TaskStatus::failed);
  failed.error = core::chat::TaskError{.code = "model_failed", .detail = "no answer"};
  EXPECT_TRUE(run_task(stores->tasks().end(user, failed, {{.type = EventType::task_failed}})));
  EXPECT_FALSE(run_task(stores->tasks().end(user, ended(task, TaskStatus::cancelled), {{.type = EventType::error}})));
  EXPECT_EQ(base::encode(*run_task(stores->tasks().find(user, task.id))), base::encode(failed));
  EXPECT_FALSE(run_task(stores->tasks().answer(user, task.id)));
}

TEST_P(TaskStoreContract, NothingIsWrittenWhenTheSessionIsGone) {
  const auto user = new_user();
  const auto session = new_session(user);
  const auto task = begun(user, session);
  run_task(stores->sessions().erase(user, session.id, clock.now()));
  relay.take();
  const auto answer = answer_to(task);
  EXPECT_FALSE(run_task(stores->tasks().append(user, task, {{.type = EventType::task_progress}})));
  EXPECT_FALSE(run_task(stores->tasks().complete(user, completed(task, answer), answer, {{.type = EventType::error}})));
  EXPECT_TRUE(relay.take().empty());
}

TEST_P(TaskStoreContract, ListsNewestFirstBySessionAndStatus) {
  const auto user = new_user();
  const auto one = new_session(user);
  const auto two = new_session(user);
  const auto first = begun(user, one);
  const auto second = begun(user, one);
  const auto third = begun(user, two);
  run_task(stores->tasks().end(user, ended(first, TaskStatus::cancelled), {}));
  const auto all = run_task(stores->tasks().list(user, {}, {.limit = 2}));
  ASSERT_EQ(all.items.size(), 2);
  EXPECT_EQ(all.items[0].id, third.id);
  EXPECT_EQ(all.total, 3);
  const auto rest = run_task(stores->tasks().list(user, {}, {.limit = 2, .cursor = all.next_cursor}));
  ASSERT_EQ(rest.items.size(), 1);
  EXPECT_EQ(rest.items[0].id, first.id);
  EXPECT_EQ(run_task(stores->tasks().list(user, {.session = one.id}, {})).total, 2);
  const auto queued = run_task(stores->tasks().list(user, {.session = one.id, .status = TaskStatus::queued}, {}));
  ASSERT_EQ(queued.items.size(), 1);
  EXPECT_EQ(queued.items[0].id, second.id);
  EXPECT_EQ(run_task(stores->tasks().list(user, {.status = TaskStatus::cancelled}, {})).total, 1);
}

TEST_P(TaskStoreContract, TakesOverNothingOfAProcessThatLives) {
  const auto user = new_user();
  begun(user, new_session(user));
  run_task(stores->leases().renew(std::chrono::seconds(60)));
  EXPECT_TRUE(run_task(stores->leases().take_over({.limit = 10})).empty());
}

TEST_P(TaskStoreContract, TakesOverWhatAProcessThatIsGoneLeftUnfinished) {
  const auto ann = new_user();
  const auto bob = new_user();
  const auto hers = begun(ann, new_session(ann));
  const auto session = new_session(bob);
  const auto his = begun(bob, session);
  const auto done = begun(bob, session);
  run_task(stores->tasks().end(bob, ended(done, TaskStatus::cancelled), {}));
  stores->restart();
  run_task(stores->leases().renew(std::chrono::seconds(60)));
  auto taken = run_task(stores->leases().take_over({.limit = 1}));
  ASSERT_EQ(taken.size(), 1);
  std::ranges::move(run_task(stores->leases().take_over({.limit = 10})), std::back_inserter(taken));
  ASSERT_EQ(taken.size(), 2);
  if (taken[0].scope == bob) std::swap(taken[0], taken[1]);
  EXPECT_EQ(taken[0].scope, ann);
  EXPECT_EQ(taken[0].task.id, hers.id);
  EXPECT_EQ(taken[1].scope, bob);
  EXPECT_EQ(taken[1].task.id, his.id);
  EXPECT_EQ(taken[1].request.id, his.request_message_id);
  EXPECT_EQ(taken[1].request.content, "hello");
  EXPECT_TRUE(run_task(stores->leases().take_over({.limit = 10})).empty());
}

TEST_P(TaskStoreContract, CountsTheAttemptsThatWereBegun) {
  const auto user = new_user();
  auto task = begun(user, new_session(user));
  const auto attempt_of_the_next = [&] {
    run_task(stores->leases().release());
    stores->restart();
    run_task(stores->leases().renew(std::chrono::seconds(60)));
    return run_task(stores->leases().take_over({.limit = 10})).at(0).attempt;
  };
  EXPECT_EQ(attempt_of_the_next(), 1);
  task.status = TaskStatus::running;
  EXPECT_TRUE(run_task(stores->tasks().append(user, task, {})));
  EXPECT_EQ(attempt_of_the_next(), 2);
  EXPECT_EQ(attempt_of_the_next(), 3);
  task.status = TaskStatus::queued;
  EXPECT_TRUE(run_task(stores->tasks().append(user, task, {})));
  EXPECT_EQ(attempt_of_the_next(), 3);
}

TEST_P(TaskStoreContract, CountsHowOftenATaskWasTakenOverSinceSomethingOfItWasFinished) {
  const auto user = new_user();
  auto task = begun(user, new_session(user));
  const auto stalled_at_the_next = [&] {
    run_task(stores->leases().release());
    stores->restart();
    run_task(stores->leases().renew(std::chrono::seconds(60)));
    return run_task(stores->leases().take_over({.limit = 10})).at(0).stalled;
  };
  EXPECT_EQ(stalled_at_the_next(), 0) << "it waited";
  task.status = TaskStatus::running;
  EXPECT_TRUE(run_task(stores->tasks().append(user, task, {})));
  EXPECT_EQ(stalled_at_the_next(), 1);
  EXPECT_EQ(stalled_at_the_next(), 2);
  const auto record = [&](core::work::WorkRecord record) {
    return run_task(stores->work_log().record(user, task, std::move(record)));
  };
  const Task step{.id = base::TaskId::generate(),
                  .session_id = task.session_id,
                  .agent_id = task.agent_id,
                  .agent_name = "coder",
                  .status = TaskStatus::running,
                  .request_message_id = task.request_message_id,
                  .created_at = clock.now(),
                  .kind = core::chat::TaskKind::step,
                  .parent_id = task.id};
  EXPECT_EQ(record({.step = step}), core::work::Recorded::yes);
  EXPECT_EQ(stalled_at_the_next(), 3) << "something was begun, nothing finished";
  EXPECT_EQ(record({.parts = {{.turn = 1, .content = "{}"}}}), core::work::Recorded::yes);
  EXPECT_EQ(stalled_at_the_next(), 1);
}

TEST_P(TaskStoreContract, HandsATaskToAnotherAgent) {
  const auto user = new_user();
  auto task = begun(user, new_session(user));
  task.kind = core::chat::TaskKind::plan;
  task.agent_id = base::AgentId::generate();
  task.agent_name = "another";
  const std::vector<core::events::NewEvent> events{core::chat::direct_agent_call(task)};
  EXPECT_FALSE(run_task(stores->tasks().hand_over(new_user(), task, events)));
  ASSERT_TRUE(run_task(stores->tasks().hand_over(user, task, events)));
  EXPECT_EQ(base::encode(run_task(stores->tasks().find(user, task.id)).value()), base::encode(task));
  EXPECT_EQ(events_of(user, core::events::stream_of(task.session_id)).back().body.agent, "another");
  stores->restart();
  EXPECT_FALSE(run_task(stores->tasks().hand_over(user, task, events)));
}

TEST_P(TaskStoreContract, TakesOverItsOwnTasksThatItDoesNotKnowOf) {
  const auto user = new_user();
  const auto known = begun(user, new_session(user));
  const auto lost = begun(user, new_session(user));
  run_task(stores->leases().renew(std::chrono::seconds(60)));
  core::chat::TakeOverRule rule{.limit = 10, .running = {known.id}, .begun_before = lost.created_at};
  EXPECT_TRUE(run_task(stores->leases().take_over(rule)).empty());
  rule.begun_before += std::chrono::seconds(1);
  const auto taken = run_task(stores->leases().take_over(rule));
  ASSERT_EQ(taken.size(), 1);
  EXPECT_EQ(taken[0].task.id, lost.id);
  rule.running.push_back(lost.id);
  EXPECT_TRUE(run_task(stores->leases().take_over(rule)).empty());
}

TEST_P(TaskStoreContract, OwesTheMemoryOfAnAnswerFromItsCommitUntilItIsSettled) {
  const auto user = new_user();
  const auto task = begun(user, new_session(user));
  const auto answer = answer_to(task);
  const auto due = answer.created_at + std::chrono::seconds(60);
  ASSERT_TRUE(run_task(stores->tasks().complete(user, completed(task, answer), answer, {}, due)));
  EXPECT_TRUE(run_task(stores->debts().claim(due - std::chrono::seconds(1), due, 10)).empty());
  const auto again = due + std::chrono::seconds(60);
  const auto owed = run_task(stores->debts().claim(due, again, 10));
  ASSERT_EQ(owed.size(), 1);
  EXPECT_EQ(owed[0].scope, user);
  EXPECT_EQ(owed[0].request.id, task.request_message_id);
  EXPECT_EQ(owed[0].answer.id, answer.id);
  EXPECT_TRUE(run_task(stores->debts().claim(due, again, 10)).empty());
  run_task(stores->debts().settle({{.scope = user, .task = task.id}}));
  EXPECT_TRUE(run_task(stores->debts().claim(again, again, 10)).empty());
}

TEST_P(TaskStoreContract, OnlyTheProcessThatRunsATaskWritesAboutIt) {
  const auto user = new_user();
  const auto task = begun(user, new_session(user));
  const auto answer = answer_to(task);
  stores->restart();
  EXPECT_FALSE(run_task(stores->tasks().append(user, task, {{.type = EventType::task_progress}})));
  EXPECT_FALSE(run_task(stores->tasks().complete(user, completed(task, answer), answer, {})));
  EXPECT_FALSE(run_task(stores->tasks().end(user, ended(task, TaskStatus::failed), {})));
  ASSERT_EQ(run_task(stores->leases().take_over({.limit = 10})).size(), 1);
  EXPECT_TRUE(run_task(stores->tasks().complete(user, completed(task, answer), answer, {})));
}

TEST_P(TaskStoreContract, AnotherUsersTaskIsNotThere) {
  const auto ann = new_user();
  const auto bob = new_user();
  const auto session = new_session(ann);
  const auto task = begun(ann, session);
  const auto answer = answer_to(task);
  EXPECT_FALSE(run_task(stores->tasks().find(bob, task.id)));
  EXPECT_FALSE(run_task(stores->tasks().append(bob, task, {{.type = EventType::task_progress}})));
  EXPECT_FALSE(run_task(stores->tasks().complete(bob, completed(task, answer), answer, {})));
  EXPECT_FALSE(run_task(stores->tasks().end(bob, ended(task, TaskStatus::cancelled), {})));
  EXPECT_FALSE(run_task(stores->tasks().answer(bob, task.id)));
  EXPECT_EQ(run_task(stores->tasks().list(bob, {.session = session.id}, {})).total, 0);
  EXPECT_EQ(run_task(stores->tasks().find(ann, task.id))->status, TaskStatus::queued);
}

}  // namespace
}  // namespace codelab::tests
