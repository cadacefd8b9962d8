#pragma once

#include <deque>
#include <filesystem>
#include <memory>
#include <string>

#include <boost/asio/thread_pool.hpp>

#include "app/memories.hpp"
#include "app/metrics.hpp"
#include "app/shared_state.hpp"
#include "app/storage.hpp"
#include "app/store_looks.hpp"
#include "base/cores.hpp"
#include "base/task_group.hpp"
#include "config/settings.hpp"
#include "core/agents/registry.hpp"
#include "core/approvals/approvals.hpp"
#include "core/chat/cancellation.hpp"
#include "core/chat/interactions.hpp"
#include "core/chat/message_poster.hpp"
#include "core/chat/runner_by_kind.hpp"
#include "core/chat/session_streams.hpp"
#include "core/chat/take_over.hpp"
#include "core/events/stream_hub.hpp"
#include "core/identity/accounts.hpp"
#include "core/identity/authenticator.hpp"
#include "core/memory/agent_memory.hpp"
#include "core/models/price_table.hpp"
#include "core/orchestration/automatic.hpp"
#include "core/orchestration/plan_editor.hpp"
#include "core/orchestration/plan_runner.hpp"
#include "core/work/ask_agent.hpp"
#include "core/work/direct_call.hpp"
#include "core/work/memory_search.hpp"
#include "infra/argon2/password_hasher.hpp"
#include "infra/curl/curl_client.hpp"

namespace codelab::app {

/// Open streams end with the access that they were opened by.
class StreamCloser final : public core::identity::AccountListener {
 public:
  explicit StreamCloser(core::events::StreamHub& hub) : hub_(hub) {}
  void user_erased(const base::UserId& user) noexcept override { hub_.close_user(user); }
  void session_revoked(const base::UserId& user, const base::AuthSessionId& session) noexcept override {
    hub_.close_login(user, session);
  }

 private:
  core::events::StreamHub& hub_;
};

/// Everything below HTTP, built from the settings in one line of succession: each part uses those above it. Throws
/// std::runtime_error, in words for an operator, when a part cannot be built.
struct Platform {
  explicit Platform(const config::Settings& settings);
  ~Platform();
  Platform(const Platform&) = delete;
  Platform& operator=(const Platform&) = delete;

  /// Starts the cores, and takes up what processes that are gone left unfinished.
  void start();
  /// Lets running tasks finish for `grace`, then cancels them; stops the cores.
  void stop(std::chrono::milliseconds grace);

  base::SystemClock clock;
  // Work that could not be ended in time is destroyed with the cores, and still reports to these.
  core::events::StreamHub hub;
  Metrics metrics;
  StreamCloser stream_closer;
  core::chat::RunningTasks running;
  base::Cores cores;
  boost::asio::thread_pool encoder_threads;

  std::unique_ptr<SharedState> shared;
  std::unique_ptr<Storage> storage;
  Memories memories;

  infra::argon2::Argon2PasswordHasher hasher;
  core::identity::JwtKeys keys;
  core::identity::AuthSessions auth_sessions;
  core::identity::TokenService tokens;
  core::identity::Accounts accounts;
  core::identity::Authenticator authenticator;

  infra::curl::CurlClients curl;
  std::unique_ptr<core::models::ChatModel> model;
  std::unique_ptr<core::models::Embedder> embedder;
  core::models::PriceTable prices;

  core::agents::AgentRegistry agents;
  core::memory::AgentMemory memory;
  core::chat::Sessions sessions;
  core::chat::SessionStreams session_streams;
  core::chat::Interactions interactions;
  core::chat::TaskLifecycle lifecycle;
  core::chat::Cancellation cancellation;
  base::TaskGroup upkeep;
  core::bus::AgentBus bus;
  core::work::Worker worker;
  core::work::MemorySearch memory_search;
  core::work::AskAgent ask_agent;
  core::work::DirectCallRunner direct_calls;
  core::orchestration::Orchestrators orchestrators;
  core::orchestration::AgentPicker picker;
  core::orchestration::Automatic automatic;
  core::chat::Targets targets;
  core::orchestration::Planner planner;
  core::approvals::Approvals approvals;
  core::orchestration::PlanGate plan_gate;
  core::orchestration::PlanEditor plan_editor;
  core::orchestration::PlanRunner plans;
  core::chat::RunnerByKind runner;
  core::chat::QueuedCalls queued;
  base::TaskGroup work;
  core::chat::MessagePoster poster;
  /// One for each database that tasks are kept in: one that is away keeps no other waiting.
  std::deque<core::chat::TakeOver> take_overs;
  StoreLooks looks;

 private:
  /// Throws when the first database is away.
  void begin_leases();
  void look_for_tasks();

  bool leasing_ = false;
};

/// Where the offline sentence encoder's weights are: as set, else `models` beside the program or one above it.
std::filesystem::path weights_folder(const config::Settings& settings);

}  // namespace codelab::app
