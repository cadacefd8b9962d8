#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/store_error.hpp"
#include "core/events/ports.hpp"
#include "infra/inprocess/prune_turns.hpp"
#include "infra/qdrant/memory_store.hpp"
#include "tests/integration/core_runner.hpp"
#include "tests/servers/qdrant_server.hpp"
#include "tests/unit/fakes/in_memory_agent_store.hpp"

namespace codelab::tests {

/// Keeps what is appended. For one thread.
class RecordingOwnStream final : public core::events::OwnStream {
 public:
  base::Task<bool> append(core::identity::UserScope, core::events::NewEvent event) override {
    events.push_back(std::move(event));
    co_return true;
  }

  std::vector<core::events::NewEvent> events;
};

/// For quick tests: short pauses between attempts, deadlines as long as a busy machine needs.
inline infra::qdrant::Options qdrant_options(std::string url, infra::qdrant::LayoutKind layout) {
  // A proxy of the machine's must not come between the tests and their server.
  ::setenv("no_proxy", "127.0.0.1", 1);
  infra::qdrant::Options options{.url = std::move(url),
                                 .layout = layout,
                                 .call_timeout = std::chrono::seconds(20),
                                 .search_timeout = std::chrono::seconds(20)};
  options.retry.base = std::chrono::milliseconds(2);
  options.retry.max_pause = std::chrono::milliseconds(5);
  return options;
}

/// One process's view of a Qdrant: a running core, agents in memory and the store under test.
class QdrantProcess {
 public:
  using UserScope = core::identity::UserScope;

  explicit QdrantProcess(infra::qdrant::Options options)
      : store(std::move(options), runner.cores(), agents, own_stream, prune_turns) {}
  ~QdrantProcess() { runner.cores().stop(); }

  static UserScope new_user() { return core::identity::ScopeIssuer::open(base::UserId::generate()); }
  base::AgentId new_agent(const UserScope& user) {
    core::agents::Agent agent{.id = base::AgentId::generate(), .name = "agent"};
    agent.name += agent.id.str();
    EXPECT_TRUE(runner.run(agents.create(user, agent)));
    return agent.id;
  }
  base::MemoryId remember(const UserScope& user, const base::AgentId& agent, const std::string& text,
                          std::vector<float> vector = {1, 0}) {
    core::memory::NewMemory memory{.item = {.id = base::MemoryId::generate(), .text = text, .created_at = now()},
                                   .embedding = {"model", std::move(vector)}};
    EXPECT_TRUE(runner.run(store.add(user, agent, memory)));
    return memory.item.id;
  }
  std::int64_t count(const UserScope& user, const base::AgentId& agent) {
    return runner.run(store.stats(user, agent)).count;
  }
  std::vector<core::memory::MemoryHit> search(const UserScope& user, const base::AgentId& agent,
                                              const std::string& text) {
    return runner.run(store.search(user, agent, {.text = text, .embedding = {"model", {1, 0}}}));
  }
  /// What the store says is wrong; empty when it throws nothing.
  template <class T>
  std::string fault_of(base::Task<T> task) {
    try {
      static_cast<void>(runner.run(std::move(task)));
      return {};
    } catch (const base::StoreError& error) {
      return error.what();
    }
  }

  base::Timestamp now() { return base::Timestamp{std::chrono::seconds{1'800'000'000 + ++seconds_}}; }

  InMemoryAgentStore agents;
  RecordingOwnStream own_stream;
  infra::inprocess::InProcessPruneTurns prune_turns;
  CoreRunner runner;
  infra::qdrant::QdrantMemoryStore store;

 private:
  std::int64_t seconds_ = 0;
};

/// How many of the requests went to a path that ends so.
inline std::int64_t count_of(const boost::json::array& requests, std::string_view end) {
  return std::ranges::count_if(requests, [&](const boost::json::value& request) {
    return std::string_view(request.at("path").as_string()).ends_with(end);
  });
}

}  // namespace codelab::tests
