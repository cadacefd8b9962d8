#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/agents/ports.hpp"
#include "core/approvals/approval_store.hpp"
#include "core/chat/memory_debts.hpp"
#include "core/chat/ports.hpp"
#include "core/chat/task_leases.hpp"
#include "core/events/ports.hpp"
#include "core/identity/ports.hpp"
#include "core/memory/ports.hpp"
#include "core/orchestration/orchestrator_store.hpp"
#include "core/orchestration/plan_store.hpp"
#include "core/work/work_log.hpp"
#include "tests/contract/run_task.hpp"
#include "tests/contract/store_doubles.hpp"

/// What every implementation of the storage ports is tested through.
namespace codelab::tests {

/// One implementation of all storage ports, over an empty store of its own.
class Stores {
 public:
  virtual ~Stores() = default;
  virtual core::identity::UserStore& users() = 0;
  virtual core::agents::AgentStore& agents() = 0;
  virtual core::chat::SessionStore& sessions() = 0;
  virtual core::chat::MessageStore& messages() = 0;
  virtual core::chat::TaskStore& tasks() = 0;
  virtual core::orchestration::OrchestratorStore& orchestrators() = 0;
  virtual core::orchestration::PlanStore& plans() = 0;
  virtual core::work::WorkLog& work_log() = 0;
  virtual core::approvals::ApprovalStore& approvals() = 0;
  virtual core::events::EventLog& log() = 0;
  virtual core::events::OwnStream& own_stream() = 0;
  virtual core::memory::MemoryStore& memory() = 0;
  virtual core::chat::TaskLeases& leases() = 0;
  virtual core::chat::MemoryDebts& debts() = 0;
  /// The same store as the next process has it, once this one is gone without a word.
  virtual void restart() = 0;
};

struct StoreKind {
  std::string name;
  std::function<std::unique_ptr<Stores>(const base::Clock&, core::events::EventRelay&)> make;
};

std::vector<StoreKind> store_kinds();
/// Those, and others that keep memories only in a place of their own.
std::vector<StoreKind> memory_store_kinds();

/// How GoogleTest prints a kind.
inline void PrintTo(const StoreKind& kind, std::ostream* out) { *out << kind.name; }

/// A suite over every kind of store; `stores` is fresh for each test.
class StoreContract : public testing::TestWithParam<StoreKind> {
 protected:
  StoreContract() : stores(GetParam().make(clock, relay)) {}

  core::identity::UserScope new_user();
  core::agents::Agent new_agent(const core::identity::UserScope& user, const std::string& name);
  core::chat::Session new_session(const core::identity::UserScope& user);
  /// A call that is ready for TaskStore::begin, with two events.
  core::chat::NewCall new_call(const core::chat::Session& session, const std::string& content = "hello");
  core::chat::Task begun(const core::identity::UserScope& user, const core::chat::Session& session);
  core::chat::Message answer_to(const core::chat::Task& task, const std::string& content = "an answer");
  /// `task` as it ends with that answer.
  core::chat::Task completed(core::chat::Task task, const core::chat::Message& answer);
  std::vector<core::events::Event> events_of(const core::identity::UserScope& user, core::events::StreamId stream);
  std::vector<std::string> own_event_types(const core::identity::UserScope& user);

  SteppingClock clock;
  RecordingRelay relay;
  std::unique_ptr<Stores> stores;
};

inline std::string kind_name(const testing::TestParamInfo<StoreKind>& info) { return info.param.name; }

}  // namespace codelab::tests

/// Runs a StoreContract suite over every kind of store.
#define CODELAB_OVER_EVERY_STORE(suite) \
  INSTANTIATE_TEST_SUITE_P(Over, suite, testing::ValuesIn(codelab::tests::store_kinds()), codelab::tests::kind_name)
