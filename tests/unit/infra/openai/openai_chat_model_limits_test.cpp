#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/infra/openai/chat_model_fixture.hpp"

namespace codelab::infra::openai {
namespace {

using base::ErrorCode;
using codelab::tests::ChatOutcome;
using codelab::tests::chunk;
using codelab::tests::chunked_head;
using codelab::tests::delta;
using codelab::tests::error_of;
using codelab::tests::good_reply;
using codelab::tests::Listener;
using codelab::tests::Reply;
using codelab::tests::Running;
using codelab::tests::ScriptedServer;
using core::models::CallOutcome;
using std::chrono::milliseconds;

class ChatModelLimitsTest : public codelab::tests::ChatModelTest {};

TEST_F(ChatModelLimitsTest, AServerThatHangsTimesOut) {
  serve({Reply{.after = Reply::After::hang}});
  auto settings = config(*server_);
  settings.first_token_deadline = milliseconds(50);
  build(settings);
  const ChatOutcome outcome = ask();
  EXPECT_EQ(error_of(outcome).code, ErrorCode::model_timeout);
  EXPECT_EQ(observer_.outcomes(), std::vector{CallOutcome::timeout});
  ASSERT_TRUE(server_->wait_for_requests(1));
  EXPECT_EQ(server_->seen().size(), 1U);
}

TEST_F(ChatModelLimitsTest, KeepAlivesDoNotPutOffTheFirstToken) {
  serve({{.pieces = {chunked_head() + chunk(": wait\n\n")}, .after = Reply::After::hang}});
  auto settings = config(*server_);
  settings.first_token_deadline = milliseconds(60);
  build(settings);
  EXPECT_EQ(error_of(ask()).detail, "the model's provider did not begin to answer in time");
}

TEST_F(ChatModelLimitsTest, AnAnswerThatStopsInTheMiddleTimesOut) {
  serve({{.pieces = {chunked_head() + chunk(delta("half"))}, .after = Reply::After::hang}});
  auto settings = config(*server_);
  settings.idle_timeout = milliseconds(50);
  build(settings);
  EXPECT_EQ(error_of(ask()).code, ErrorCode::model_timeout);
  EXPECT_EQ(listener_.text, "half");
}

TEST_F(ChatModelLimitsTest, TheDeadlineBoundsTheWholeCall) {
  serve({{.pieces = {chunked_head() + chunk(delta("half"))}, .after = Reply::After::hang}});
  auto settings = config(*server_);
  settings.call_deadline = milliseconds(60);
  build(settings);
  EXPECT_EQ(error_of(ask()).code, ErrorCode::model_timeout);
}

TEST_F(ChatModelLimitsTest, AHugeAnswerIsBrokenOff) {
  Reply reply{.pieces = {chunked_head()}, .after = Reply::After::hang};
  for (int i = 0; i < 50; ++i) reply.pieces.push_back(chunk(delta(std::string(1000, 'x'))));
  serve({reply});
  auto settings = config(*server_);
  settings.max_answer_bytes = 10'000;
  build(settings);
  const ChatOutcome outcome = ask();
  EXPECT_EQ(error_of(outcome).code, ErrorCode::model_failed);
  EXPECT_LE(listener_.text.size(), 10'000U);
}

TEST_F(ChatModelLimitsTest, CallsInFlightAreBoundedAcrossCores) {
  auto held = good_reply();
  held.hold_first = true;
  ScriptedServer& server = serve({held});
  auto settings = config(server);
  settings.max_in_flight = 2;
  settings.max_waiting = 2;
  build(settings);
  std::vector<Listener> listeners(5);
  std::vector<Running<ChatOutcome>> calls;
  for (std::size_t i = 0; i < 5; ++i) calls.push_back(spawn(ask(listeners[i]), i % 2));
  // Two are at the server, two wait, and one of the five is refused at once.
  ASSERT_TRUE(server.wait_for_requests(2));
  while (observer_.outcomes().empty()) std::this_thread::yield();
  EXPECT_EQ(observer_.outcomes(), std::vector{CallOutcome::overloaded});
  EXPECT_EQ(server.seen().size(), 2U);
  for (int i = 0; i < 4; ++i) server.release();
  int refused = 0;
  for (auto& call : calls) {
    const ChatOutcome outcome = call.get();
    if (outcome) continue;
    ++refused;
    EXPECT_EQ(error_of(outcome).code, ErrorCode::overloaded);
    EXPECT_TRUE(error_of(outcome).retry_after);
  }
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(server.seen().size(), 4U);
  EXPECT_EQ(model_->link().in_flight(), 0U);
}

TEST_F(ChatModelLimitsTest, CancellationEndsTheCallAndFreesItsPlace) {
  ScriptedServer& server = serve({Reply{.after = Reply::After::hang}, good_reply()});
  auto settings = config(server);
  settings.max_in_flight = 1;
  build(settings);
  Listener other;
  auto hanging = spawn(ask(listener_));
  ASSERT_TRUE(server.wait_for_requests(1));
  auto waiting = spawn(ask(other), 1);
  while (model_->link().waiting() == 0) std::this_thread::yield();
  hanging.cancel();
  EXPECT_THROW(static_cast<void>(hanging.get()), boost::system::system_error);
  EXPECT_TRUE(server.wait_for_gone(1));
  EXPECT_TRUE(waiting.get());
  EXPECT_EQ(model_->link().in_flight(), 0U);
  auto outcomes = observer_.outcomes();
  std::ranges::sort(outcomes);
  EXPECT_EQ(outcomes, (std::vector{CallOutcome::ok, CallOutcome::cancelled}));
}

}  // namespace
}  // namespace codelab::infra::openai
