#include "core/chat/session_streams.hpp"

#include "tests/unit/core/events/stream_fixture.hpp"
#include "tests/unit/core/identity/one_login.hpp"
#include "tests/unit/fakes/in_memory_chat.hpp"

namespace codelab::core::chat {
namespace {

using base::ErrorCode;

class SessionStreamsTest : public codelab::tests::StreamTest {
 protected:
  base::Result<events::StreamReader> open(const base::SessionId& session) {
    const identity::Identity identity{.scope = user_, .session = login_};
    return loop_.run(streams_.open(identity, session, {.heartbeat = std::chrono::milliseconds{0}}));
  }
  base::Result<events::StreamReader> open() { return open(session_.id); }
  /// Heartbeats come at once here, so an open stream has always a line.
  bool has_ended(events::StreamReader& reader) { return loop_.run(reader.next()).empty(); }
  static ErrorCode code_of(const base::Result<events::StreamReader>& result) {
    return result ? ErrorCode::internal : result.error().code;
  }

  codelab::tests::InMemoryChat chat_{log_};
  codelab::tests::InMemorySessionStore session_store_{chat_};
  codelab::tests::OneLogin one_{loop_, hub_, clock_, user_, login_};
  Sessions sessions_{session_store_, hub_, clock_};
  const Session session_ = chat_.new_session(user_);
  SessionStreams streams_{
      {.sessions = sessions_, .logins = one_.sessions(), .stream = {.log = log_, .hub = hub_, .clock = clock_}}};
};

TEST_F(SessionStreamsTest, an_open_stream_has_what_happens_in_its_session) {
  auto reader = open();
  ASSERT_TRUE(reader);
  log_.append(user_, events::stream_of(session_.id), codelab::tests::event_of("{\"n\":1}"));
  EXPECT_EQ(codelab::tests::payloads(loop_.run(reader->next())), numbers(1, 1));
}

TEST_F(SessionStreamsTest, a_logout_ends_an_open_stream) {
  auto reader = open();
  ASSERT_TRUE(reader);
  EXPECT_FALSE(has_ended(*reader));
  one_.log_out();
  EXPECT_TRUE(has_ended(*reader));
}

TEST_F(SessionStreamsTest, a_logout_while_the_login_is_looked_at_ends_the_stream) {
  one_.log_out_while_looked_at();
  auto reader = open();
  ASSERT_TRUE(reader) << "the store had answered before";
  EXPECT_TRUE(has_ended(*reader));
}

TEST_F(SessionStreamsTest, a_login_that_has_ended_opens_nothing) {
  one_.log_out();
  EXPECT_EQ(code_of(open()), ErrorCode::token_invalid);
}

TEST_F(SessionStreamsTest, a_session_deleted_while_it_is_looked_at_ends_the_stream) {
  session_store_.after_find = [this] {
    chat_.erase(user_, session_.id);
    hub_.close_stream(user_, events::stream_of(session_.id));
  };
  auto reader = open();
  ASSERT_TRUE(reader) << "the store had answered before";
  EXPECT_TRUE(has_ended(*reader));
}

TEST_F(SessionStreamsTest, a_session_deleted_while_the_log_is_read_opens_nothing) {
  log_.after_read = [this] {
    chat_.erase(user_, session_.id);
    hub_.close_stream(user_, events::stream_of(session_.id));
  };
  EXPECT_EQ(code_of(open()), ErrorCode::session_not_found);
}

TEST_F(SessionStreamsTest, a_deletion_ends_an_open_stream) {
  auto reader = open();
  ASSERT_TRUE(reader);
  loop_.run(sessions_.erase(user_, session_.id)).value();
  EXPECT_TRUE(has_ended(*reader));
}

TEST_F(SessionStreamsTest, a_foreign_session_is_not_there) {
  const auto foreign = chat_.new_session(codelab::tests::new_user());
  EXPECT_EQ(code_of(open(foreign.id)), ErrorCode::session_not_found);
}

}  // namespace
}  // namespace codelab::core::chat
