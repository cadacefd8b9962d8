#include "core/chat/message_poster.hpp"

#include "tests/unit/core/chat/chat_fixture.hpp"

namespace codelab::core::chat {
namespace {

using base::ErrorCode;
using events::EventType;

class MessagePosterTest : public codelab::tests::ChatTest {
 protected:
  /// Follows a post to the end of its task, and returns the payload of the answer.
  std::string followed(const PostResult& posted) {
    const auto& watch = posted.value().watch;
    if (!watch) return "it has ended before";
    loop_.run(watch->wait(std::chrono::steady_clock::now() + std::chrono::seconds{20}));
    if (!watch->end() || watch->end()->type != EventType::task_completed) return "it was not completed";
    return std::string(watch->message()->payload());
  }
  /// The task of a post that is run to its end.
  Task ended(PostMessage message) {
    const auto posted = post(std::move(message));
    loop_.settle();
    return task(posted.value().task.id);
  }
  static ErrorCode code_of(const PostResult& result) {
    if (!result) return result.error().code;
    ADD_FAILURE() << "it was taken";
    return ErrorCode::internal;
  }
  void refuses(PostMessage message, ErrorCode code) {
    EXPECT_EQ(code_of(post(std::move(message))), code);
    EXPECT_TRUE(said().empty());
    EXPECT_TRUE(events().empty());
    EXPECT_TRUE(model_.asked.empty());
  }
};

TEST_F(MessagePosterTest, the_message_is_durable_before_the_model_has_answered) {
  model_.gate.close();
  const auto posted = post(message("@coder hello"));
  ASSERT_TRUE(posted);
  ASSERT_EQ(said().size(), 1);
  EXPECT_EQ(said()[0].content, "@coder hello");
  EXPECT_EQ(task(posted->task.id).status, TaskStatus::running);
  const auto types = event_types();
  ASSERT_GE(types.size(), 3);
  EXPECT_EQ(types[0], EventType::message_created);
  EXPECT_EQ(types[1], EventType::direct_agent_call);
  EXPECT_EQ(types[2], EventType::task_started);
}

TEST_F(MessagePosterTest, who_waits_gets_the_answer_from_the_watch) {
  model_.gate.close();
  const auto posted = post(message("@coder hello"));
  model_.gate.open();
  EXPECT_TRUE(followed(posted).contains(R"("content":"Hello")"));
}

TEST_F(MessagePosterTest, a_caller_that_goes_away_cancels_nothing) {
  model_.gate.close();
  auto posted = post(message("@coder hello"));
  const auto id = posted->task.id;
  posted->watch.reset();
  model_.gate.open();
  loop_.settle();
  EXPECT_EQ(task(id).status, TaskStatus::completed);
}

TEST_F(MessagePosterTest, a_named_target_wins_over_a_mention) {
  add_agent("asker");
  auto both = message("@coder hello");
  both.target_agent = "asker";
  EXPECT_EQ(ended(both).agent_name, "asker");
  EXPECT_EQ(ended(message("@coder hello")).agent_name, "coder");
}

TEST_F(MessagePosterTest, a_message_to_nobody_is_refused) { refuses(message("hello"), ErrorCode::target_required); }

TEST_F(MessagePosterTest, a_message_to_an_agent_that_is_not_there_is_refused) {
  refuses(message("@nobody hello"), ErrorCode::agent_not_found);
}

TEST_F(MessagePosterTest, a_message_into_a_foreign_session_is_refused) {
  const auto other = core::identity::ScopeIssuer::open(base::UserId::generate());
  auto post = message("@coder hello");
  post.session = chat_.new_session(other).id;
  refuses(std::move(post), ErrorCode::session_not_found);
}

TEST_F(MessagePosterTest, past_the_bound_of_running_tasks_it_is_refused_until_one_ends) {
  model_.gate.close();
  for (std::size_t i = 0; i < kMaxRunning; ++i) ASSERT_TRUE(post(message("@coder hello")));
  EXPECT_EQ(code_of(post(message("@coder hello"))), ErrorCode::overloaded);
  EXPECT_EQ(said().size(), kMaxRunning);
  model_.gate.open();
  loop_.settle();
  EXPECT_TRUE(post(message("@coder hello")));
}

TEST_F(MessagePosterTest, a_post_that_is_not_started_any_more_ends_its_task_at_once) {
  work_.cancel();
  const auto refused = post(message("@coder hello"));
  EXPECT_EQ(code_of(refused), ErrorCode::interrupted);
  ASSERT_EQ(said().size(), 1);
  const Task left = task(*said()[0].task_id);
  EXPECT_EQ(left.status, TaskStatus::failed);
  EXPECT_TRUE(left.completed_at);
  ASSERT_TRUE(left.error);
  EXPECT_EQ(left.error->code, "interrupted");
  EXPECT_EQ(left.error->detail, refused.error().detail);
  EXPECT_EQ(event_types().back(), EventType::task_failed);
  EXPECT_TRUE(model_.asked.empty());
}

TEST_F(MessagePosterTest, a_post_that_is_cancelled_with_the_work_ends_its_task_too) {
  tasks_.beginning.close();
  const auto posting = loop_.start(poster_.post(user_, message("@coder hello"), {}));
  work_.cancel();
  tasks_.after = [&](std::string_view call) {
    if (call == "begin") posting->cancel();
  };
  tasks_.beginning.open();
  loop_.run_until([&] { return posting->ended(); });
  ASSERT_EQ(said().size(), 1);
  EXPECT_EQ(task(*said()[0].task_id).status, TaskStatus::failed);
}

TEST_F(MessagePosterTest, a_post_whose_end_the_store_does_not_take_is_left_to_others) {
  work_.cancel();
  away("end");
  EXPECT_EQ(code_of(post(message("@coder hello"))), ErrorCode::interrupted);
  EXPECT_EQ(task(*said()[0].task_id).status, TaskStatus::running);
}

TEST_F(MessagePosterTest, a_repeated_post_joins_the_task_that_still_runs) {
  model_.gate.close();
  const auto first = post(message("@coder hello", "key"));
  const auto again = post(message("@coder hello", "key"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->task.id, first->task.id);
  model_.gate.open();
  EXPECT_TRUE(followed(again).contains(R"("content":"Hello")"));
  EXPECT_EQ(model_.asked.size(), 1);
  EXPECT_EQ(said().size(), 2);
}

TEST_F(MessagePosterTest, a_repeated_post_gets_the_first_answer_at_once) {
  ended(message("@coder hello", "key"));
  const auto again = post(message("@coder hello", "key"));
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->watch);
  ASSERT_TRUE(again->answer);
  EXPECT_EQ(again->answer->content, "Hello");
  EXPECT_EQ(model_.asked.size(), 1);
}

TEST_F(MessagePosterTest, a_repeated_post_gets_its_first_answer_when_the_agent_is_gone) {
  ended(message("@coder hello", "key"));
  loop_.run(registry_.erase(user_, agents::AgentRef::parse("coder"))).value();
  const auto again = post(message("@coder hello", "key"));
  ASSERT_TRUE(again);
  ASSERT_TRUE(again->answer);
  EXPECT_EQ(again->answer->content, "Hello");
  EXPECT_EQ(code_of(post(message("@coder hello", "other"))), ErrorCode::agent_not_found);
}

TEST_F(MessagePosterTest, nothing_runs_twice_under_one_key_however_it_ended) {
  model_.failure = base::make_error(ErrorCode::model_failed, "broken");
  ended(message("@coder hello", "failed"));
  work_.cancel();
  EXPECT_EQ(code_of(post(message("@coder hello", "interrupted"))), ErrorCode::interrupted);
  const auto asked = model_.asked.size();
  for (const auto& [key, code] : {std::pair("failed", "model_failed"), std::pair("interrupted", "interrupted")}) {
    const auto again = post(message("@coder hello", key));
    ASSERT_TRUE(again);
    ASSERT_TRUE(again->task.error);
    EXPECT_EQ(again->task.error->code, code);
    EXPECT_FALSE(again->answer);
    EXPECT_FALSE(again->watch);
  }
  EXPECT_EQ(model_.asked.size(), asked);
}

TEST_F(MessagePosterTest, a_key_with_another_request_is_refused) {
  ended(message("@coder hello", "key", "one"));
  EXPECT_EQ(code_of(post(message("@coder bye", "key", "two"))), ErrorCode::idempotency_key_reused);
}

TEST_F(MessagePosterTest, a_store_that_is_away_takes_no_message) {
  away("begin");
  EXPECT_THROW(static_cast<void>(post(message("@coder hello"))), base::StoreError);
  EXPECT_TRUE(said().empty());
  EXPECT_TRUE(model_.asked.empty());
}

}  // namespace
}  // namespace codelab::core::chat
