#include "core/work/direct_call.hpp"

#include <algorithm>
#include <stdexcept>

#include <boost/system/system_error.hpp>

#include "core/chat/direct_call_events.hpp"
#include "tests/unit/core/chat/chat_fixture.hpp"

namespace codelab::core::work {
namespace {

using base::ErrorCode;
using chat::Call;
using chat::Message;
using chat::MessageRole;
using chat::Task;
using chat::TaskError;
using chat::TaskStatus;
using events::EventType;

class DirectCallTest : public codelab::tests::ChatTest {
 protected:
  /// A call whose message and task are stored.
  Call begun(const std::string& content = "what is 2+2?") {
    auto agent = loop_.run(registry_.find(user_, agents::AgentRef::parse("coder"))).value();
    Task task{.id = base::TaskId::generate(),
              .session_id = session_.id,
              .agent_id = agent.id,
              .agent_name = agent.name,
              .status = TaskStatus::running,
              .request_message_id = base::MessageId::generate(),
              .created_at = clock_.now(),
              .started_at = clock_.now()};
    Message message{.id = task.request_message_id, .session_id = session_.id, .content = content, .task_id = task.id};
    const auto stored = loop_.run(tasks_.begin(user_, {.message = message, .task = task})).value();
    turn_.emplace(loop_.run(bus_.enter({user_, agent.id, session_.id, task.id}, chat::bounds_of(agent))).value());
    return {.scope = user_,
            .task = std::move(task),
            .request = std::move(message),
            .agent = std::move(agent),
            .has_history = stored.message_count > 1};
  }
  /// Runs a call to its end, and returns its task as it is stored then.
  Task run(Call call) {
    const auto id = call.task.id;
    run_to_its_end(std::move(call));
    return task(id);
  }
  void run_to_its_end(Call call) { loop_.run(runner_.run(std::move(call), *turn_)); }
  Task run() { return run(begun()); }

  std::optional<bus::AgentBus::Turn> turn_;

  std::ptrdiff_t count(EventType type) { return std::ranges::count(event_types(), type); }
  std::string last_payload() { return events().back().body.payload; }
  ErrorCode code_of(const Task& task) { return base::error_code_of(task.error.value_or(TaskError{}).code); }
  std::ptrdiff_t answers() const { return std::ranges::count(said(), MessageRole::assistant, &Message::role); }
};

TEST_F(DirectCallTest, the_answer_is_stored_with_the_end_of_its_task_and_told_in_order) {
  const Task ended = run();
  EXPECT_EQ(ended.status, TaskStatus::completed);
  const Message answer = said().back();
  EXPECT_EQ(ended.message_id, answer.id);
  EXPECT_EQ(answer.content, "Hello");
  EXPECT_EQ(answer.agent_name, "coder");
  EXPECT_EQ(answer.usage->prompt_tokens, 7);
  EXPECT_EQ(event_types(),
            (std::vector{EventType::context_retrieved, EventType::message_created, EventType::task_completed}));
}

TEST_F(DirectCallTest, the_text_grows_for_readers_until_the_message_is_there) {
  model_.gate.close();
  const auto call = begun();
  const auto running = loop_.start(runner_.run(call, *turn_));
  EXPECT_EQ(growing_texts(), 1);
  model_.gate.open();
  loop_.run_until([&] { return running->ended(); });
  EXPECT_EQ(growing_texts(), 0);
}

TEST_F(DirectCallTest, question_and_answer_are_remembered_and_found_by_the_next_call) {
  run(begun("I like teal"));
  ASSERT_EQ(memories_.items.size(), 1);
  EXPECT_EQ(memories_.items[0].text, "User: I like teal\nAssistant: Hello");
  run(begun("which colour?"));
  EXPECT_TRUE(model_.asked.at(1).messages.at(0).content.contains("I like teal"));
}

TEST_F(DirectCallTest, earlier_messages_are_in_the_prompt_and_the_new_one_is_there_once) {
  run(begun("first"));
  run(begun("second"));
  std::vector<std::string> contents;
  for (const auto& message : model_.asked.at(1).messages) contents.push_back(message.content);
  ASSERT_EQ(contents.size(), 4);
  EXPECT_EQ(contents[1], "first");
  EXPECT_TRUE(contents[2].contains("Hello"));
  EXPECT_EQ(contents[3], "second");
}

TEST_F(DirectCallTest, a_model_that_fails_fails_the_task_in_its_words) {
  model_.failure = base::make_error(ErrorCode::model_failed, "the provider answered 500");
  const Task ended = run();
  EXPECT_EQ(ended.status, TaskStatus::failed);
  ASSERT_TRUE(ended.error);
  EXPECT_EQ(code_of(ended), ErrorCode::model_failed);
  EXPECT_EQ(ended.error->detail, "the provider answered 500");
  EXPECT_EQ(event_types().back(), EventType::task_failed);
  EXPECT_EQ(last_payload(), R"({"code":"model_failed","detail":"the provider answered 500"})");
  EXPECT_EQ(answers(), 0);
  EXPECT_TRUE(memories_.items.empty());
  EXPECT_EQ(growing_texts(), 0);
}

TEST_F(DirectCallTest, a_failure_that_knows_when_to_try_again_says_so) {
  model_.failure = base::make_error(ErrorCode::overloaded, "given a rest");
  model_.failure->retry_after = std::chrono::seconds{9};
  run();
  const auto told = chat::read_task_failed(last_payload());
  ASSERT_TRUE(told);
  EXPECT_EQ(told->code, "overloaded");
  EXPECT_EQ(told->retry_after, std::chrono::seconds{9});
}

TEST_F(DirectCallTest, what_breaks_inside_is_not_told_to_anybody) {
  model_.ending = [] { throw std::runtime_error("secret address"); };
  const Task ended = run();
  EXPECT_EQ(code_of(ended), ErrorCode::internal);
  EXPECT_FALSE(last_payload().contains("secret"));
}

TEST_F(DirectCallTest, an_answer_that_the_store_refused_once_is_stored_the_second_time) {
  away("complete");
  const Task ended = run();
  EXPECT_EQ(ended.status, TaskStatus::completed);
  EXPECT_EQ(answers(), 1);
  EXPECT_EQ(count(EventType::task_completed), 1);
}

TEST_F(DirectCallTest, a_store_that_is_away_for_a_while_gets_the_answer_when_it_is_back) {
  away("complete", chat::TaskLifecycle::kEndRetries.waits.size());
  EXPECT_EQ(run().status, TaskStatus::completed);
  EXPECT_EQ(answers(), 1);
}

TEST_F(DirectCallTest, a_failure_is_stored_as_stubbornly_as_an_answer) {
  model_.failure = base::make_error(ErrorCode::model_timeout, "too slow");
  away("end", chat::TaskLifecycle::kEndRetries.waits.size());
  EXPECT_EQ(code_of(run()), ErrorCode::model_timeout);
}

TEST_F(DirectCallTest, an_answer_that_was_stored_without_a_word_is_not_stored_twice) {
  bool lost = false;
  tasks_.after = [&](std::string_view call) {
    if (call == "complete" && !std::exchange(lost, true)) throw base::StoreError("the connection broke");
  };
  EXPECT_EQ(run().status, TaskStatus::completed);
  EXPECT_TRUE(lost);
  EXPECT_EQ(answers(), 1);
  EXPECT_EQ(count(EventType::task_completed), 1);
}

TEST_F(DirectCallTest, a_store_that_stays_away_leaves_the_task_to_others) {
  away("complete", 1'000);
  EXPECT_EQ(run().status, TaskStatus::running);
  EXPECT_EQ(answers(), 0);
  EXPECT_TRUE(memories_.items.empty());
}

TEST_F(DirectCallTest, a_store_that_is_away_for_a_moment_while_the_task_runs_is_asked_again) {
  away("append");
  EXPECT_EQ(run().status, TaskStatus::completed);
  EXPECT_EQ(answers(), 1);
  EXPECT_EQ(count(EventType::context_retrieved), 1);
  EXPECT_EQ(growing_texts(), 0);
}

TEST_F(DirectCallTest, a_store_that_stays_away_while_the_task_runs_fails_it) {
  away("append", 1'000);
  const Task ended = run();
  EXPECT_EQ(code_of(ended), ErrorCode::store_unavailable);
  EXPECT_FALSE(last_payload().contains("disk"));
}

TEST_F(DirectCallTest, an_agent_that_cannot_search_its_memory_answers_all_the_same) {
  embedder_.failure = base::make_error(ErrorCode::model_failed, "the embedder is down");
  EXPECT_EQ(run().status, TaskStatus::completed);
  EXPECT_EQ(answers(), 1);
  EXPECT_TRUE(events().front().body.payload.contains(R"("memory_error":"the embedder is down")"));
  EXPECT_TRUE(memories_.items.empty());
}

TEST_F(DirectCallTest, a_memory_that_cannot_be_stored_takes_no_answer_away_and_is_stored_later) {
  bool searched = false;
  memories_.before = [&] {
    if (std::exchange(searched, true)) throw base::StoreError("no room");
  };
  tasks_.completing.close();
  const auto call = begun();
  const auto running = loop_.start(runner_.run(call, *turn_));
  EXPECT_FALSE(running->ended());
  tasks_.completing.open();
  loop_.run_until([&] { return running->ended(); });
  EXPECT_EQ(task(call.task.id).status, TaskStatus::completed);
  EXPECT_EQ(answers(), 1);
  EXPECT_TRUE(memories_.items.empty());

  memories_.before = nullptr;
  const auto paying = loop_.start(interactions_.run());
  loop_.run_until([&] { return chat_.memories_due.empty(); });
  paying->cancel();
  ASSERT_EQ(memories_.items.size(), 1);
  EXPECT_TRUE(memories_.items[0].text.contains("Assistant: "));
}

TEST_F(DirectCallTest, a_memory_that_is_away_is_told_and_takes_no_answer_away) {
  memories_.before = [] { throw base::StoreError("the line broke"); };
  EXPECT_EQ(run().status, TaskStatus::completed);
  EXPECT_TRUE(events().front().body.payload.contains(R"("memory_error":"memory is away at the moment")"));
  EXPECT_EQ(chat_.memories_due.size(), 1);
}

TEST_F(DirectCallTest, an_agent_without_memory_neither_searches_nor_remembers) {
  auto call = begun();
  call.agent.config.memory.enabled = false;
  memories_.before = [] { throw base::StoreError("asked"); };
  EXPECT_EQ(run(std::move(call)).status, TaskStatus::completed);
  EXPECT_TRUE(memories_.items.empty());
}

TEST_F(DirectCallTest, a_session_deleted_while_the_model_writes_keeps_nothing) {
  model_.ending = [&] { chat_.erase(user_, session_.id); };
  run_to_its_end(begun());
  EXPECT_TRUE(said().empty());
  EXPECT_TRUE(events().empty());
  EXPECT_TRUE(memories_.items.empty());
  EXPECT_EQ(growing_texts(), 0);
}

TEST_F(DirectCallTest, a_cancelled_call_stops_its_text_and_leaves_the_task_to_others) {
  model_.gate.close();
  const auto call = begun();
  const auto running = loop_.start(runner_.run(call, *turn_));
  ASSERT_EQ(growing_texts(), 1);
  running->cancel();
  loop_.run_until([&] { return running->ended(); });
  EXPECT_THROW(running->take(), boost::system::system_error);
  EXPECT_EQ(growing_texts(), 0);
  EXPECT_EQ(task(call.task.id).status, TaskStatus::running);
}

}  // namespace
}  // namespace codelab::core::work
