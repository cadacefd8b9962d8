#include "core/chat/session_streams.hpp"

#include <utility>

#include "infra/inprocess/cache.hpp"
#include "tests/unit/core/events/stream_fixture.hpp"
#include "tests/unit/fakes/in_memory_chat.hpp"
#include "tests/unit/fakes/in_memory_user_store.hpp"

namespace codelab::core::chat {
namespace {

using base::ErrorCode;

/// As the composition root wires it.
class Closer final : public identity::AccountListener {
 public:
  explicit Closer(events::StreamHub& hub) : hub_(hub) {}
  void user_erased(const base::UserId& user) noexcept override { hub_.close_user(user); }
  void session_revoked(const base::UserId& user, const base::AuthSessionId& login) noexcept override {
    hub_.close_login(user, login);
  }

 private:
  events::StreamHub& hub_;
};

class SessionStreamsTest : public codelab::tests::StreamTest {
 protected:
  SessionStreamsTest() {
    identity::UserCredentials account;
    account.user.id = user_.user();
    loop_.run(users_.create(std::move(account), {})).value();
    identity::RefreshTokenRecord token;
    token.token_hash = kToken;
    token.session = login_;
    loop_.run(users_.open_session(user_, std::move(token), clock_.now()));
  }

  base::Result<events::StreamReader> open(const identity::UserScope& who) {
    const identity::Identity identity{.scope = who, .session = login_};
    return loop_.run(streams_.open(identity, session_.id, {.heartbeat = std::chrono::milliseconds{0}}));
  }
  base::Result<events::StreamReader> open() { return open(user_); }
  /// Heartbeats come at once here, so an open stream has always a line.
  bool has_ended(events::StreamReader& reader) { return loop_.run(reader.next()).empty(); }
  void log_out() { loop_.run(logins_.revoke(user_, kToken)); }
  base::Task<> log_out_once() {
    if (!std::exchange(logged_out_, true)) co_await logins_.revoke(user_, kToken);
  }
  static ErrorCode code_of(const base::Result<events::StreamReader>& result) {
    return result ? ErrorCode::internal : result.error().code;
  }

  static constexpr const char* kToken = "hash of a refresh token";
  codelab::tests::InMemoryChat chat_{log_};
  codelab::tests::InMemorySessionStore session_store_{chat_};
  codelab::tests::InMemoryUserStore users_;
  infra::inprocess::InProcessCache cache_;
  Closer closer_{hub_};
  identity::AuthSessions logins_{users_, cache_, clock_, {&closer_}};
  Sessions sessions_{session_store_, hub_, clock_};
  const Session session_ = chat_.new_session(user_);
  SessionStreams streams_{
      {.sessions = sessions_, .logins = logins_, .stream = {.log = log_, .hub = hub_, .clock = clock_}}};
  bool logged_out_ = false;
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
  log_out();
  EXPECT_TRUE(has_ended(*reader));
}

TEST_F(SessionStreamsTest, a_logout_while_the_login_is_looked_at_ends_the_stream) {
  users_.before_answer = [this] { return log_out_once(); };
  auto reader = open();
  ASSERT_TRUE(reader) << "the store had answered before";
  EXPECT_TRUE(has_ended(*reader));
}

TEST_F(SessionStreamsTest, a_login_that_has_ended_opens_nothing) {
  log_out();
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
  const auto other = codelab::tests::new_user();
  identity::UserCredentials account;
  account.user.id = other.user();
  account.user.email = "other@example.com";
  loop_.run(users_.create(std::move(account), {})).value();
  loop_.run(users_.open_session(other, {.token_hash = "another", .session = login_}, clock_.now()));
  EXPECT_EQ(code_of(open(other)), ErrorCode::session_not_found);
}

}  // namespace
}  // namespace codelab::core::chat
