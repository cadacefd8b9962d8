#include <set>

#include <boost/algorithm/string/split.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infra/postgres/approval_store.hpp"
#include "infra/postgres/memory_debts.hpp"
#include "infra/postgres/orchestrator_store.hpp"
#include "infra/postgres/plan_store.hpp"
#include "infra/postgres/work_log.hpp"
#include "tests/integration/postgres/remembering.hpp"
#include "tests/integration/postgres/served.hpp"

/// How the server runs what the stores ask: it logs the plan of every statement, those of cascades and foreign keys
/// included.
namespace codelab::infra::postgres {
namespace {

using core::chat::TaskStatus;
using core::identity::UserScope;
using tests::run_task;

constexpr const char* kOwnedTables[]{
    "users",           "auth_sessions",     "refresh_tokens", "user_agents",    "event_streams",
    "events",          "chat_sessions",     "messages",       "tasks",          "idempotency_keys",
    "memory_counters", "memory_removals",   "memories",       "memory_vectors", "memory_collections",
    "task_work",       "approval_requests", "plans",          "plan_nodes",     "user_orchestrators"};

/// A scan of a table in a plan, and what narrows it.
struct Scan {
  std::string table;
  std::string line;
  std::string condition;
};

/// These work on every user: their plans are not looked at.
bool is_for_operators(const std::string& plan) {
  return plan.find("FROM users u ORDER BY u.id") != std::string::npos ||
         plan.find("UPDATE tasks t SET runner = new_runner") != std::string::npos ||
         plan.find("UPDATE tasks t SET memory_due = again") != std::string::npos ||
         plan.find("FROM users u WHERE u.email = wanted") != std::string::npos ||
         plan.find("WITH RECURSIVE lived_in") != std::string::npos;
}

std::optional<Scan> scan_in(const std::string& line) {
  const auto scan = line.find(" Scan");
  if (scan == std::string::npos || line.find("Subquery Scan") != std::string::npos ||
      line.find("Function Scan") != std::string::npos || line.find("Bitmap Heap") != std::string::npos) {
    return std::nullopt;
  }
  auto on = line.find(" on ", scan);
  if (on == std::string::npos) return std::nullopt;
  on += 4;
  return Scan{.table = line.substr(on, line.find(' ', on) - on), .line = line, .condition = ""};
}

std::vector<Scan> scans_of(const std::string& plan) {
  std::vector<std::string> lines;
  boost::split(lines, plan, [](char letter) { return letter == '\n'; });
  std::vector<Scan> scans;
  for (const auto& line : lines) {
    if (auto scan = scan_in(line)) scans.push_back(std::move(*scan));
    if (line.find("Index Cond:") != std::string::npos && !scans.empty()) scans.back().condition = line;
  }
  return scans;
}

class PostgresPlans : public testing::Test {
 protected:
  PostgresPlans() {
    for (const auto* setting : {"session_preload_libraries = 'auto_explain'", "auto_explain.log_min_duration = 0",
                                "auto_explain.log_nested_statements = on", "enable_seqscan = off"}) {
      tests::query_postgres(data.superuser(), fmt::format("ALTER DATABASE {} SET {}", data.name(), setting));
    }
    served = std::make_unique<Served>(data);
  }

  /// As whoever is above them would see the tables.
  void take_policies_away() {
    tests::query_postgres(data.superuser(),
                          "DO $$ DECLARE owned text; BEGIN FOR owned IN SELECT tablename FROM pg_policies LOOP "
                          "EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', owned); END LOOP; END $$");
    tests::PostgresServer::shared().take_plans();
  }

  void use_everything() {
    const auto user = served->new_user();
    use_accounts(user);
    use_agents(user);
    use_chat(user);
    use_memory(user);
    PostgresUserStore users(served->database());
    run_task(users.erase(user, served->clock.now()));
  }

  static void expect_narrow_plans() {
    std::set<std::string> seen;
    for (const auto& plan : tests::PostgresServer::shared().take_plans()) {
      if (is_for_operators(plan)) continue;
      for (const auto& scan : scans_of(plan)) {
        if (scan.table.starts_with("pg_") || scan.table.starts_with("schema_migrations")) continue;
        // No table: the steps that a statement has found for itself, each by a scan of its own.
        if (scan.table == "steps") continue;
        // An index of its own table stands for a table in a bitmap scan.
        const bool is_users = scan.table == "users" || scan.table == "users_pkey";
        EXPECT_THAT(scan.condition, testing::HasSubstr(is_users ? "(id = " : "(user_id = ")) << scan.line << "\n"
                                                                                             << plan;
        seen.insert(scan.table);
      }
    }
    for (const auto* table : kOwnedTables) EXPECT_TRUE(seen.contains(table)) << table;
  }

  void use_accounts(const UserScope& user) {
    PostgresUserStore users(served->database());
    const auto now = served->clock.now();
    const auto later = now + std::chrono::hours(1);
    const auto session = base::AuthSessionId::generate();
    run_task(users.find_by_email("x"));
    run_task(users.find(user));
    run_task(users.list());
    run_task(users.open_session(user, {.token_hash = "a", .session = session, .expires_at = later}, now));
    run_task(users.rotate(user, "a", {.token_hash = "b", .session = session, .expires_at = later}, now));
    run_task(users.rotate(user, "a", {.token_hash = "c", .session = session, .expires_at = later}, now));
    run_task(users.revoke(user, "b", now));
    run_task(users.session_alive(user, session));
  }

  void use_agents(const UserScope& user) {
    PostgresAgentStore agents(served->database());
    core::agents::Agent agent{.id = base::AgentId::generate(), .name = "tester"};
    run_task(agents.create(user, agent)).value();
    run_task(agents.list(user, {}));
    run_task(agents.find(user, {.id = agent.id}));
    run_task(agents.find(user, {.name = "tester"}));
    run_task(agents.replace(user, agent, agent.updated_at)).value();
    run_task(agents.erase(user, agent.id, served->clock.now()));
  }

  void use_tasks(const UserScope& user, const core::chat::Session& session) {
    PostgresTaskStore tasks(served->database());
    auto call = served->new_call(session);
    call.idempotency = core::chat::IdempotencyKey{.key = "key", .request_hash = "hash"};
    auto task = run_task(tasks.begin(user, call)).value().task;
    run_task(tasks.earlier(user, *call.idempotency, served->clock.now())).value();
    run_task(tasks.append(user, task, {{.type = core::events::EventType::task_started}}));
    task.status = TaskStatus::completed;
    core::chat::Message answer{.id = base::MessageId::generate(), .session_id = session.id, .content = "yes"};
    task.message_id = answer.id;
    const auto now = served->clock.now();
    run_task(tasks.complete(user, task, answer, {{.type = core::events::EventType::task_completed}}, now));
    run_task(tasks.answer(user, task.id));
    use_memory_debts(user, task);
    auto other = served->begun(user, session);
    // As if its beginning had not been heard of.
    const auto later = served->clock.now() + std::chrono::hours(1);
    EXPECT_THAT(
        run_task(PostgresTaskLeases(served->database()).take_over({.limit = 10, .running = {}, .begun_before = later})),
        testing::SizeIs(1));
    other.status = TaskStatus::failed;
    run_task(tasks.end(user, other, {}));
    run_task(tasks.find(user, task.id));
    for (const auto& status : {std::optional<TaskStatus>(), std::optional(TaskStatus::failed)}) {
      run_task(tasks.list(user, {.status = status}, {}));
      run_task(tasks.list(user, {.session = session.id, .status = status}, {}));
    }
  }

  void use_memory_debts(const UserScope& user, const core::chat::Task& completed) {
    PostgresMemoryDebts debts(served->database());
    const auto now = served->clock.now();
    run_task(debts.owe(user, completed.id, now));
    EXPECT_THAT(run_task(debts.claim(now, now, 10)), testing::SizeIs(1));
    run_task(debts.settle({{.scope = user, .task = completed.id}}));
  }

  void use_approvals(const UserScope& user, const core::chat::Task& task) {
    PostgresApprovalStore approvals(served->database());
    const auto now = served->clock.now();
    const core::approvals::Approval approval{.id = core::approvals::ApprovalId::generate(),
                                             .session_id = task.session_id,
                                             .task_id = task.id,
                                             .created_at = now,
                                             .expires_at = now + std::chrono::hours(1)};
    run_task(approvals.request(user, task, approval, {}));
    run_task(approvals.find(user, approval.id, now));
    run_task(approvals.list(user, {}, {}, now));
    run_task(approvals.list(user, core::approvals::ApprovalStatus::pending, {}, now));
    run_task(approvals.resolve(user, approval, {.resolved_at = now}, {}));
  }

  void use_plans(const UserScope& user, const core::chat::Session& session) {
    PostgresOrchestratorStore orchestrators(served->database());
    run_task(orchestrators.open(user, {.id = base::AgentId::generate()}));
    run_task(orchestrators.configure(user, {.enabled = false}, served->clock.now()));
    PostgresPlanStore plans(served->database());
    auto task = served->begun(user, session);
    const core::orchestration::PlanNode node{.id = "one", .agent = "coder", .instruction = "do"};
    const core::orchestration::Plan plan{.id = core::orchestration::PlanId::generate(),
                                         .session_id = session.id,
                                         .task_id = task.id,
                                         .nodes = {node, {.id = "two"}}};
    run_task(plans.create(user, plan, {}));
    auto step = task;
    step.id = base::TaskId::generate();
    step.kind = core::chat::TaskKind::step;
    step.parent_id = task.id;
    run_task(plans.change(user, task,
                          {.plan = plan.id, .version = 2, .nodes = {{0, node}}, .removed = {"two"}, .steps = {step}}));
    run_task(plans.edit(user, task, {.plan = plan.id, .version = 3}));
    PostgresWorkLog work_log(served->database());
    run_task(work_log.record(user, task, {.parts = {{.turn = 1, .content = "{}"}}, .step = step}));
    run_task(work_log.of_task(user, task.id));
    use_approvals(user, task);
    run_task(plans.past_work(user));
    run_task(plans.find(user, plan.id));
    run_task(plans.of_task(user, task.id));
    task.status = TaskStatus::cancelled;
    task.completed_at = served->clock.now();
    task.error = core::chat::TaskError{.code = "cancelled", .detail = ""};
    task.kind = core::chat::TaskKind::plan;
    run_task(PostgresTaskStore(served->database()).cancel(user, task, {}));
  }

  void use_chat(const UserScope& user) {
    PostgresSessionStore sessions(served->database());
    PostgresMessageStore messages(served->database());
    PostgresEventLog log(served->database());
    const auto session = served->new_session(user);
    use_tasks(user, session);
    use_plans(user, session);
    run_task(sessions.list(user, {}));
    run_task(sessions.find(user, session.id));
    run_task(sessions.rename(user, session.id, "new", served->clock.now())).value();
    run_task(messages.list(user, session.id, {})).value();
    run_task(messages.list(user, session.id, {.before = base::MessageId::generate()})).value();
    run_task(messages.history(user, session.id, base::MessageId::generate(), 10));
    run_task(log.read(user, core::events::stream_of(session.id), 0, 10));
    run_task(log.last_seq(user, core::events::stream_of(session.id)));
    run_task(log.append(user, {.type = core::events::EventType::agent_updated}));
    run_task(sessions.erase(user, session.id, served->clock.now()));
  }

  void use_memory(const UserScope& user) {
    Remembering memory(*served);
    const auto agent = served->new_agent(user);
    const auto first = memory.remember(user, agent, "first", {{"color", "red"}});
    for (const auto* text : {"second", "third", "fourth"}) memory.remember(user, agent, text);
    auto query = query_for("first");
    run_task(memory.store().search(user, agent, query));
    query.filter = {{"color", "red"}};
    run_task(memory.store().search(user, agent, query));
    run_task(memory.store().list(user, agent, {}));
    run_task(memory.store().stats(user, agent));
    run_task(memory.store().erase(user, agent, first));
    run_task(memory.store().prune(user, agent, {.max_items = 1}, served->clock.now()));
    run_task(memory.store().search(user, agent, query_for("fourth")));
    fill_collection(data, agent, kManyVectors);
    run_task(memory.store().search(user, agent, query_for("fourth")));
  }

  tests::PostgresDatabase data;
  std::unique_ptr<Served> served;
};

TEST_F(PostgresPlans, EveryScanOfAnOwnedTableIsNarrowedToOneUserByItsIndex) {
  use_everything();
  expect_narrow_plans();
}

/// Policies put the user into every plan, also of a query that forgets them.
TEST_F(PostgresPlans, EveryQueryNamesItsUserItself) {
  take_policies_away();
  use_everything();
  expect_narrow_plans();
}

}  // namespace
}  // namespace codelab::infra::postgres
