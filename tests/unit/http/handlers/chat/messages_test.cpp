#include "http/handlers/chat/messages.hpp"

#include "tests/unit/core/chat/chat_fixture.hpp"
#include "tests/unit/core/identity/one_login.hpp"

namespace codelab::http::handlers {
namespace {

using base::ErrorCode;
using core::chat::Message;
using core::chat::MessageRole;
using core::chat::TaskError;

class PostHandlerTest : public codelab::tests::ChatTest {
 protected:
  base::Task<Response> posting(std::string_view query = "", std::string accept = "*/*", std::string prefer = "") {
    Request raw{.method = Method::post, .target = "/my/chat/x/message/" + std::string(query)};
    raw.headers.add("Accept", std::move(accept));
    if (!prefer.empty()) raw.headers.add("Prefer", std::move(prefer));
    auto target = parse_target(raw.target).value();
    UserRequest request{
        {.raw = std::move(raw), .target = std::move(target), .params = {{"session_id", session_.id.str()}}},
        {.scope = user_, .session = login_}};
    return handlers_.post(std::move(request), {.content = "@coder hello"});
  }
  Response post(std::string_view query = "") { return loop_.run(posting(query)); }
  Response post_streamed() { return loop_.run(posting("", "application/x-ndjson")); }

  /// Another thread stores the end of every task just before it is looked at; nobody was told of it yet.
  void end_when_looked_at(TaskStatus status, std::optional<TaskError> error = std::nullopt) {
    tasks_.before = [this, status, error](std::string_view call) {
      if (call != "find") return;
      for (auto& [id, owned] : chat_.tasks) {
        owned.task.status = status;
        owned.task.error = error;
        if (status != TaskStatus::completed) continue;
        chat_.messages.push_back(
            {.session_id = session_.id, .role = MessageRole::assistant, .content = "late", .task_id = id});
      }
    };
  }

  /// All that is left to read of a streamed answer.
  std::string rest_of(const Response& response) {
    std::string rest;
    while (const auto piece = loop_.run(response.stream->next())) rest += *piece;
    return rest;
  }

  codelab::tests::OneLogin one_{loop_, hub_, clock_, user_, login_};
  MessageHandlers handlers_{poster_, messages_, tasks_, one_.sessions()};
};

TEST_F(PostHandlerTest, answers_with_the_message_once_it_is_there) {
  model_.gate.close();
  const auto posting_now = loop_.start(posting());
  EXPECT_FALSE(posting_now->ended());
  model_.gate.open();
  loop_.run_until([&] { return posting_now->ended(); });
  const Response response = posting_now->take();
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.body.contains(R"("content":"Hello")")) << response.body;
}

TEST_F(PostHandlerTest, a_failure_that_knows_when_to_try_again_tells_it_in_the_header) {
  model_.failure = base::make_error(ErrorCode::overloaded, "given a rest");
  model_.failure->retry_after = std::chrono::seconds{17};
  Response response = post();
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers.get("Retry-After"), "17");
  model_.failure->code = ErrorCode::model_failed;
  response = post();
  EXPECT_EQ(response.status, 502);
  EXPECT_EQ(response.headers.get("Retry-After"), "17");
}

TEST_F(PostHandlerTest, a_failure_that_does_not_know_promises_nothing) {
  model_.failure = base::make_error(ErrorCode::model_failed, "broken");
  const Response response = post();
  EXPECT_EQ(response.status, 502);
  EXPECT_FALSE(response.headers.contains("Retry-After"));
}

TEST_F(PostHandlerTest, a_wait_that_is_over_gets_the_task) {
  model_.gate.close();
  const Response response = post("?wait=0");
  EXPECT_EQ(response.status, 202);
  EXPECT_TRUE(response.body.contains(R"("status":"running")")) << response.body;
  EXPECT_TRUE(response.headers.get("Location").starts_with("/my/tasks/"));
  EXPECT_FALSE(response.headers.contains("Preference-Applied"));
}

TEST_F(PostHandlerTest, who_prefers_not_to_wait_is_told_where_the_task_is) {
  model_.gate.close();
  const Response response = loop_.run(posting("", "*/*", "respond-async"));
  EXPECT_EQ(response.status, 202);
  EXPECT_TRUE(response.headers.get("Location").starts_with("/my/tasks/"));
  EXPECT_EQ(response.headers.get("Preference-Applied"), "respond-async");
}

TEST_F(PostHandlerTest, a_task_that_ended_just_as_the_wait_did_gives_its_answer) {
  model_.gate.close();
  end_when_looked_at(TaskStatus::completed);
  const Response response = post("?wait=0");
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.body.contains(R"("content":"late")")) << response.body;
}

TEST_F(PostHandlerTest, a_task_that_failed_just_as_the_wait_ended_gives_its_failure) {
  model_.gate.close();
  end_when_looked_at(TaskStatus::failed, TaskError{.code = "model_timeout", .detail = "too slow"});
  const Response response = post("?wait=0");
  EXPECT_EQ(response.status, 504);
  EXPECT_TRUE(response.body.contains("too slow")) << response.body;
}

TEST_F(PostHandlerTest, a_streamed_answer_has_the_events_of_its_task_and_the_message_last) {
  model_.gate.close();
  const Response response = post_streamed();
  model_.gate.open();
  const std::string lines = rest_of(response);
  EXPECT_TRUE(lines.starts_with(R"({"id":"0000000001","type":"MESSAGE_CREATED")")) << lines;
  EXPECT_TRUE(lines.contains(R"("type":"MESSAGE_DELTA")")) << lines;
  const auto last = lines.rfind("\n", lines.size() - 2);
  EXPECT_TRUE(lines.substr(last).contains(R"("content":"Hello")")) << lines;
}

TEST_F(PostHandlerTest, a_streamed_answer_ends_with_its_login) {
  model_.gate.close();
  const Response response = post_streamed();
  one_.log_out();
  EXPECT_TRUE(rest_of(response).contains("cut off"));
}

TEST_F(PostHandlerTest, a_streamed_answer_to_a_login_that_ended_while_it_was_posted_ends_at_once) {
  model_.gate.close();
  one_.log_out();
  EXPECT_TRUE(rest_of(post_streamed()).contains("cut off"));
  EXPECT_EQ(said().size(), 1) << "the message is kept";
}

TEST_F(PostHandlerTest, a_streamed_answer_to_a_login_that_ends_while_it_is_looked_at_ends_at_once) {
  model_.gate.close();
  one_.log_out_while_looked_at();
  EXPECT_TRUE(rest_of(post_streamed()).contains("cut off"));
}

TEST_F(PostHandlerTest, a_session_deleted_while_the_post_waits_is_not_there) {
  model_.gate.close();
  const auto posting_now = loop_.start(posting());
  chat_.erase(user_, session_.id);
  hub_.close_stream(user_, core::events::stream_of(session_.id));
  loop_.run_until([&] { return posting_now->ended(); });
  EXPECT_EQ(posting_now->take().status, 404);
}

}  // namespace
}  // namespace codelab::http::handlers
