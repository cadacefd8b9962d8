#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "infra/sqlite/agent_store.hpp"
#include "infra/sqlite/memory_store.hpp"
#include "infra/sqlite/session_store.hpp"
#include "infra/sqlite/task_store.hpp"
#include "infra/sqlite/user_store.hpp"
#include "tests/contract/run_task.hpp"
#include "tests/contract/temporary_folder.hpp"

/// What a direct call costs the store: many callers at once, every commit durable.
namespace codelab {
namespace {

namespace sqlite = infra::sqlite;
using core::chat::TaskStatus;
using core::events::EventType;
using core::identity::UserScope;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kDimension = 512;

class SilentRelay final : public core::events::EventRelay {
 public:
  void committed(const core::events::Event&) noexcept override {}
};

/// Sums up what each kind of job took on its thread.
class Meter final : public sqlite::StoreObserver {
 public:
  void query(std::string_view operation, SteadyClock::duration duration) noexcept override {
    const std::lock_guard lock(mutex_);
    auto& sum = jobs_[std::string(operation)];
    sum.count += 1;
    sum.time += duration;
  }
  void commit(std::size_t jobs, SteadyClock::duration duration) noexcept override {
    const std::lock_guard lock(mutex_);
    commits_.count += 1;
    commits_.time += duration;
    committed_jobs_ += static_cast<double>(jobs);
  }
  void report(benchmark::State& state) {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, sum] : jobs_) state.counters[name + "_us"] = sum.mean_us();
    state.counters["commit_us"] = commits_.mean_us();
    state.counters["jobs_a_commit"] = committed_jobs_ / commits_.count;
  }
  void forget() {
    const std::lock_guard lock(mutex_);
    jobs_.clear();
    commits_ = {};
    committed_jobs_ = 0;
  }

 private:
  struct Sum {
    double count = 0;
    SteadyClock::duration time{};
    double mean_us() const { return std::chrono::duration<double, std::micro>(time).count() / count; }
  };
  std::mutex mutex_;
  std::map<std::string, Sum> jobs_;
  Sum commits_;
  double committed_jobs_ = 0;
};

struct Store {
  tests::TemporaryFolder folder;
  base::SystemClock clock;
  SilentRelay relay;
  Meter meter;
  infra::sqlite::MemoryIndexes indexes{std::size_t{256} << 20};
  sqlite::Database database{{.folder = folder.path()}, clock, relay, meter};
  sqlite::SqliteUserStore users{database, indexes};
  sqlite::SqliteAgentStore agents{database, indexes};
  sqlite::SqliteSessionStore sessions{database};
  sqlite::SqliteTaskStore tasks{database};
  sqlite::SqliteMemoryStore memory{database, indexes};
};

/// One user with one agent and one session.
struct Caller {
  UserScope scope;
  base::AgentId agent;
  base::SessionId session;
};

base::Task<> make_caller(Store& store, std::optional<Caller>& out) {
  const auto id = base::UserId::generate();
  const core::agents::Agent agent{.id = base::AgentId::generate(), .name = "coder"};
  core::identity::UserCredentials user{.user = {.id = id, .email = id.str()}, .password_hash = "hash"};
  std::vector<core::agents::Agent> team{agent};
  const auto created = co_await store.users.create(std::move(user), std::move(team));
  created.value();
  const auto scope = core::identity::ScopeIssuer::open(id);
  core::chat::Session session{.id = base::SessionId::generate(), .title = "bench"};
  co_await store.sessions.create(scope, session);
  out.emplace(scope, agent.id, session.id);
}

std::vector<float> some_vector(std::mt19937& random) {
  std::normal_distribution<float> component;
  std::vector<float> vector(kDimension);
  float square = 0;
  for (auto& each : vector) {
    each = component(random);
    square += each * each;
  }
  for (auto& each : vector) each /= std::sqrt(square);
  return vector;
}

std::string some_text(std::mt19937& random, int words) {
  static constexpr std::array kWords{"alpha",   "server", "deploy", "the",   "is",       "memory",
                                     "agent",   "what",   "vector", "error", "test",     "build",
                                     "release", "of",     "a",      "in",    "database", "query"};
  std::uniform_int_distribution<std::size_t> pick(0, kWords.size() - 1);
  std::string text;
  for (int i = 0; i < words; ++i) text += fmt::format("{}{} ", kWords[pick(random)], i % 5 == 0 ? random() % 5000 : 0);
  return text;
}

core::memory::NewMemory some_memory(std::mt19937& random, base::Timestamp now) {
  return {.item = {.id = base::MemoryId::generate(),
                   .kind = core::memory::MemoryKind::interaction,
                   .text = some_text(random, 60),
                   .embedding_model = "bench",
                   .created_at = now},
          .embedding = {"bench", some_vector(random)}};
}

core::chat::NewCall some_call(const Caller& caller, std::mt19937& random, base::Timestamp now) {
  core::chat::NewCall call;
  call.message = {.id = base::MessageId::generate(), .session_id = caller.session, .content = some_text(random, 20)};
  call.message.created_at = now;
  call.task = {.id = base::TaskId::generate(),
               .session_id = caller.session,
               .agent_id = caller.agent,
               .agent_name = "coder",
               .request_message_id = call.message.id,
               .created_at = now};
  call.events = {{.type = EventType::message_created, .task = call.task.id, .payload = std::string(400, ' ') + "{}"},
                 {.type = EventType::direct_agent_call, .task = call.task.id, .agent = "coder"}};
  return call;
}

/// The writes of one direct call, in its order.
base::Task<> direct_call(Store& store, Caller caller, std::mt19937& random, bool with_search) {
  const auto now = store.clock.now();
  auto call = some_call(caller, random, now);
  auto task = call.task;
  const auto question = call.message.content;
  const auto begun = co_await store.tasks.begin(caller.scope, std::move(call));
  begun.value();
  if (with_search) {
    core::memory::MemoryQuery query{.text = question, .embedding = {"bench", some_vector(random)}};
    co_await store.memory.search(caller.scope, caller.agent, std::move(query));
  }
  task.status = TaskStatus::running;
  task.started_at = now;
  std::vector<core::events::NewEvent> started{{.type = EventType::task_started, .task = task.id},
                                              {.type = EventType::context_retrieved, .task = task.id}};
  co_await store.tasks.append(caller.scope, task, std::move(started));

  auto memory = some_memory(random, now);
  const auto added = co_await store.memory.add(caller.scope, caller.agent, std::move(memory));
  added.value();

  core::chat::Message answer{.id = base::MessageId::generate(),
                             .session_id = caller.session,
                             .role = core::chat::MessageRole::assistant,
                             .content = some_text(random, 40),
                             .task_id = task.id,
                             .created_at = now};
  task.status = TaskStatus::completed;
  task.message_id = answer.id;
  task.completed_at = now;
  std::vector<core::events::NewEvent> done{
      {.type = EventType::message_created, .task = task.id, .payload = std::string(600, ' ') + "{}"},
      {.type = EventType::task_completed, .task = task.id}};
  co_await store.tasks.complete(caller.scope, std::move(task), std::move(answer), std::move(done), {});
}

base::Task<> many_calls(Store& store, Caller caller, std::uint32_t seed, int calls, bool with_search,
                        std::vector<double>& latencies_ms) {
  std::mt19937 random(seed);
  for (int i = 0; i < calls; ++i) {
    const auto start = SteadyClock::now();
    co_await direct_call(store, caller, random, with_search);
    latencies_ms.push_back(std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count());
  }
}

void report_latency(benchmark::State& state, std::vector<double>& latencies_ms) {
  std::ranges::sort(latencies_ms);
  state.counters["p50_ms"] = latencies_ms[latencies_ms.size() / 2];
  state.counters["p99_ms"] = latencies_ms[latencies_ms.size() * 99 / 100];
}

/// Arguments: callers at once, calls of each, whether each call searches memory first.
void direct_calls(benchmark::State& state) {
  const auto callers_at_once = static_cast<std::size_t>(state.range(0));
  const auto calls = static_cast<int>(state.range(1));
  Store store;
  std::vector<std::optional<Caller>> callers(callers_at_once);
  for (auto& caller : callers) tests::run_task(make_caller(store, caller));
  std::vector<double> latencies_ms;
  store.meter.forget();
  for (auto _ : state) {
    std::vector<base::Task<>> running;
    std::uint32_t seed = 1;
    for (auto& caller : callers) {
      running.push_back(many_calls(store, *caller, seed++, calls, state.range(2) != 0, latencies_ms));
    }
    tests::run_tasks(std::move(running));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(callers_at_once) * calls);
  report_latency(state, latencies_ms);
  store.meter.report(state);
}
BENCHMARK(direct_calls)
    ->ArgNames({"callers", "calls", "search"})
    ->Args({1, 200, 0})
    ->Args({64, 100, 0})
    ->Args({64, 100, 1})
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

base::Task<> fill(Store& store, Caller caller, int first, int count) {
  std::mt19937 random(static_cast<std::uint32_t>(first));
  for (int i = 0; i < count; ++i) {
    auto memory = some_memory(random, store.clock.now());
    const auto added = co_await store.memory.add(caller.scope, caller.agent, std::move(memory));
    added.value();
  }
}

/// One search among that many memories of one agent.
void memory_search(benchmark::State& state) {
  constexpr int kFillers = 64;
  Store store;
  std::optional<Caller> caller;
  tests::run_task(make_caller(store, caller));
  std::vector<base::Task<>> fillers;
  for (int i = 0; i < kFillers; ++i)
    fillers.push_back(fill(store, *caller, i, static_cast<int>(state.range(0)) / kFillers));
  tests::run_tasks(std::move(fillers));
  std::mt19937 random(7);
  for (auto _ : state) {
    core::memory::MemoryQuery query{.text = some_text(random, 12), .embedding = {"bench", some_vector(random)}};
    benchmark::DoNotOptimize(tests::run_task(store.memory.search(caller->scope, caller->agent, std::move(query))));
  }
  store.meter.report(state);
}
BENCHMARK(memory_search)->Arg(640)->Arg(10'048)->Unit(benchmark::kMicrosecond)->MeasureProcessCPUTime()->UseRealTime();

/// Forgetting an agent with that many memories.
void agent_erase(benchmark::State& state) {
  constexpr int kFillers = 64;
  Store store;
  for (auto _ : state) {
    state.PauseTiming();
    std::optional<Caller> caller;
    tests::run_task(make_caller(store, caller));
    std::vector<base::Task<>> fillers;
    for (int i = 0; i < kFillers; ++i) {
      fillers.push_back(fill(store, *caller, i, static_cast<int>(state.range(0)) / kFillers));
    }
    tests::run_tasks(std::move(fillers));
    state.ResumeTiming();
    tests::run_task(store.agents.erase(caller->scope, caller->agent, store.clock.now()));
  }
  store.meter.report(state);
}
BENCHMARK(agent_erase)
    ->Arg(10'048)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

}  // namespace
}  // namespace codelab
