#pragma once

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infra/postgres/approval_store.hpp"
#include "infra/postgres/orchestrator_store.hpp"
#include "infra/postgres/plan_store.hpp"
#include "infra/postgres/work_log.hpp"
#include "tests/integration/postgres/remembering.hpp"
#include "tests/integration/postgres/sharded.hpp"

namespace codelab::infra::postgres {

/// What is spelled in a way that a copy could change.
inline constexpr const char* kOddRows =
    "INSERT INTO messages SELECT user_id, id, gen_random_uuid(), 1000 + n, 'user', NULL, '', NULL, E'\\\\N', 0, NULL, "
    "(ARRAY['NaN', 'Infinity', '0.1', '1e-300', '-0']::float8[])[n], 7, "
    "(ARRAY['a,b\"(c)\\', E'line\\r\\nline\\t', '', repeat(U&'\\+01F600', 5000), E' \\u00e9\\u0301 '])[n] "
    "FROM chat_sessions, generate_series(1, 5) AS n; "
    "INSERT INTO events SELECT user_id, id, 1000 + n, 'ERROR', NULL, 'x', '{\"z\": 1.10e0, \"a\":  \"\\u0000\"}', 1 "
    "FROM chat_sessions, generate_series(1, 350) AS n; "
    "UPDATE user_agents SET config = '{\"z\": 1.10e0,\"a\" :\"\\u0000\", \"a\": {}}'::json; "
    "UPDATE memories SET metadata = '{ \"n\":1.0,\"n\":2}'::json;";

/// A user of `main` who has rows in every table, and a neighbour.
class PostgresUserMove : public testing::Test {
 protected:
  PostgresUserMove() {
    session = served.new_session(user);
    auto call = served.new_call(session);
    call.idempotency = core::chat::IdempotencyKey{.key = "key", .request_hash = "hash"};
    PostgresTaskStore tasks(served.database());
    task = tests::run_task(tasks.begin(user, call)).value().task;
    const auto now = served.clock.now();
    tests::run_task(users.open_session(
        user, {.token_hash = "t", .session = login, .expires_at = now + std::chrono::hours(1)}, now));
    Remembering memory(served);
    const auto agent = served.new_agent(user);
    memory.remember(user, agent, "kept");
    EXPECT_TRUE(tests::run_task(memory.store().erase(user, agent, memory.remember(user, agent, "erased"))));
    PostgresOrchestratorStore orchestrators(served.database());
    tests::run_task(orchestrators.open(user, {.id = base::AgentId::generate(), .created_at = now, .updated_at = now}));
    PostgresWorkLog work_log(served.database());
    tests::run_task(work_log.record(user, call.task, {.parts = {{.turn = 1, .call = 2, .content = R"({"a":"\n"})"}}}));
    // From then on that task is nobody's.
    const auto waiting = tests::run_task(tasks.begin(user, served.new_call(session))).value().task;
    PostgresApprovalStore approvals(served.database());
    tests::run_task(approvals.request(user, waiting,
                                      {.id = core::approvals::ApprovalId::generate(),
                                       .session_id = session.id,
                                       .task_id = waiting.id,
                                       .payload = {{"a", "\n"}}},
                                      {}));
    PostgresPlanStore plans(served.database());
    const core::orchestration::PlanNode node{.id = "one", .agent = "coder", .instruction = "do", .depends_on = {"\"]"}};
    tests::run_task(plans.create(user,
                                 {.id = core::orchestration::PlanId::generate(),
                                  .session_id = session.id,
                                  .task_id = task.id,
                                  .goal = "g",
                                  .nodes = {node}},
                                 {}));
    shards.query("main", kOddRows);
  }

  std::int64_t last_seq(Served& process) {
    PostgresEventLog log(process.database());
    return tests::run_task(log.last_seq(user, core::events::stream_of(session.id)));
  }
  base::Task<bool> append(Served& process) {
    PostgresTaskStore tasks(process.database());
    std::vector<core::events::NewEvent> events(1, {.type = core::events::EventType::task_progress, .task = task.id});
    co_return co_await tasks.append(user, task, std::move(events));
  }
  /// Nobody can reach the user, in neither of the shards.
  void expect_closed() {
    EXPECT_EQ(failure_of(users.find(user)), "store");
    EXPECT_EQ(failure_of(append(served)), "store");
  }
  void expect_lives_in(const std::string& shard) {
    const std::string other = shard == "main" ? "b" : "main";
    EXPECT_EQ(shards.entry(user.user()), shard + "||");
    EXPECT_FALSE(shards.fenced(shard, user.user()));
    EXPECT_FALSE(shards.has_rows(other, user.user()));
    EXPECT_TRUE(shards.has_rows(shard, user.user()));
    EXPECT_TRUE(tests::run_task(users.session_alive(user, login)));
    const auto before = shards.rows(shard, user.user()).at("events").size();
    EXPECT_TRUE(tests::run_task(append(served)));
    EXPECT_EQ(shards.rows(shard, user.user()).at("events").size(), before + 1);
    const auto found = tests::run_task(users.find_by_email(user.user().str() + "@example.org"));
    EXPECT_TRUE(found && found->user.id == user.user());
    EXPECT_THAT(tests::run_task(users.list()), testing::SizeIs(2));
  }

  static DatabaseSettings impatient(DatabaseSettings settings) {
    settings.pool.max_wait = std::chrono::milliseconds(1'000);
    return settings;
  }

  Sharded shards;
  Served served{impatient(shards.settings())};
  PostgresUserStore users{served.database()};
  const core::identity::UserScope user = new_user_in(served, "main");
  const core::identity::UserScope neighbour = new_user_in(served, "main");
  const base::AuthSessionId login = base::AuthSessionId::generate();
  core::chat::Session session;
  core::chat::Task task;
};

}  // namespace codelab::infra::postgres
