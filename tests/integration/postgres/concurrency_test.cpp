#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "tests/integration/postgres/served.hpp"

/// What several servers do to the same rows at the same time.
namespace codelab::infra::postgres {
namespace {

using core::chat::NewCall;
using core::identity::RotationOutcome;
using core::identity::UserScope;
using tests::run_task;
using tests::run_tasks;

class PostgresConcurrency : public testing::Test {
 protected:
  tests::PostgresDatabase data;
  Served served{data};
  const UserScope user = served.new_user();

  /// Returns once so many of the database's transactions wait for a lock.
  void await_waiting(int count) {
    const auto enough =
        fmt::format("SELECT count(*) >= {} FROM pg_stat_activity WHERE datname = '{}' AND wait_event_type = 'Lock'",
                    count, data.name());
    while (tests::query_postgres(data.superuser(), enough).at(0) != "t") {
    }
  }
};

base::Task<> begin_and_count(Served& served, UserScope user, NewCall call, int* begun, int* replayed) {
  PostgresTaskStore tasks(served.database());
  const auto result = co_await tasks.begin(user, std::move(call));
  ++(result.value().replayed ? *replayed : *begun);
}

TEST_F(PostgresConcurrency, OneKeyBeginsOneCallWhateverTheSessions) {
  int begun = 0;
  int replayed = 0;
  std::vector<base::Task<>> posts;
  for (int i = 0; i < 8; ++i) {
    auto call = served.new_call(served.new_session(user));
    call.idempotency = core::chat::IdempotencyKey{.key = "key", .request_hash = "hash"};
    posts.push_back(begin_and_count(served, user, std::move(call), &begun, &replayed));
  }
  run_tasks(std::move(posts));
  EXPECT_EQ(begun, 1);
  EXPECT_EQ(replayed, 7);
}

base::Task<> rotate_and_note(Served& served, UserScope user, std::string next, std::vector<RotationOutcome>* outcomes) {
  PostgresUserStore users(served.database());
  const auto now = served.clock.now();
  core::identity::RefreshTokenRecord successor{.token_hash = std::move(next),
                                               .expires_at = now + std::chrono::hours(1)};
  const auto rotation = co_await users.rotate(user, "token", std::move(successor), now);
  outcomes->push_back(rotation.outcome);
}

TEST_F(PostgresConcurrency, ATokenIsUsedUpOnce) {
  PostgresUserStore users(served.database());
  const auto now = served.clock.now();
  run_task(users.open_session(
      user,
      {.token_hash = "token", .session = base::AuthSessionId::generate(), .expires_at = now + std::chrono::hours(1)},
      now));
  // Both stand in the middle of it together: another transaction holds the token until they wait.
  const std::unique_ptr<PGconn, decltype(&PQfinish)> other(PQconnectdb(data.superuser().c_str()), &PQfinish);
  PQclear(PQexec(other.get(), "BEGIN; SELECT * FROM refresh_tokens FOR UPDATE"));
  std::vector<RotationOutcome> outcomes;
  std::vector<base::Task<>> rotations;
  for (int i = 0; i < 2; ++i) rotations.push_back(rotate_and_note(served, user, fmt::format("next {}", i), &outcomes));
  std::jthread rotating([&rotations] { run_tasks(std::move(rotations)); });
  await_waiting(2);
  PQclear(PQexec(other.get(), "ROLLBACK"));
  rotating.join();
  EXPECT_THAT(outcomes, testing::UnorderedElementsAre(RotationOutcome::rotated, RotationOutcome::reused));
}

base::Task<> create_agent_and_count(Served& served, UserScope user, int* created) {
  PostgresAgentStore agents(served.database());
  core::agents::Agent agent{.id = base::AgentId::generate(), .name = "same"};
  const auto result = co_await agents.create(user, std::move(agent));
  if (result) ++*created;
}

TEST_F(PostgresConcurrency, OneOfManyAgentsGetsAName) {
  int created = 0;
  std::vector<base::Task<>> creations;
  for (int i = 0; i < 8; ++i) creations.push_back(create_agent_and_count(served, user, &created));
  run_tasks(std::move(creations));
  EXPECT_EQ(created, 1);
}

/// Posts and appends until the session is gone.
base::Task<> use_until_gone(Served& served, UserScope user, core::chat::Session session) {
  PostgresTaskStore tasks(served.database());
  for (;;) {
    auto call = served.new_call(session);
    const auto begun = co_await tasks.begin(user, std::move(call));
    if (!begun) co_return;
    std::vector<core::events::NewEvent> events(1, {.type = core::events::EventType::task_progress});
    const bool appended = co_await tasks.append(user, begun->task, std::move(events));
    if (!appended) co_return;
  }
}

base::Task<> rename_then_erase(Served& served, UserScope user, core::chat::Session session) {
  PostgresSessionStore sessions(served.database());
  for (int i = 0; i < 10; ++i) {
    const auto renamed = co_await sessions.rename(user, session.id, fmt::format("{}", i), served.clock.now());
    EXPECT_TRUE(renamed);
  }
  const bool erased = co_await sessions.erase(user, session.id, served.clock.now());
  EXPECT_TRUE(erased);
}

/// A circle of waits would end one of them with a StoreError.
TEST_F(PostgresConcurrency, ASessionThatIsUsedCanBeErasedAndNobodyWaitsInACircle) {
  for (int round = 0; round < 5; ++round) {
    const auto session = served.new_session(user);
    std::vector<base::Task<>> work;
    for (int i = 0; i < 3; ++i) work.push_back(use_until_gone(served, user, session));
    work.push_back(rename_then_erase(served, user, session));
    run_tasks(std::move(work));
  }
}

base::Task<> erase_user(Served& served, UserScope user) {
  PostgresUserStore users(served.database());
  const bool erased = co_await users.erase(user, served.clock.now());
  EXPECT_TRUE(erased);
}

TEST_F(PostgresConcurrency, AUserWhoPostsCanBeErased) {
  std::vector<base::Task<>> work;
  for (int i = 0; i < 3; ++i) work.push_back(use_until_gone(served, user, served.new_session(user)));
  work.push_back(erase_user(served, user));
  run_tasks(std::move(work));
  PostgresUserStore users(served.database());
  EXPECT_FALSE(run_task(users.find(user)));
}

}  // namespace
}  // namespace codelab::infra::postgres
