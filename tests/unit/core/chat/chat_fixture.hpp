#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/store_error.hpp"
#include "base/task_group.hpp"
#include "core/chat/message_poster.hpp"
#include "core/work/direct_call.hpp"
#include "infra/inprocess/agent_queues.hpp"
#include "infra/inprocess/cache.hpp"
#include "tests/unit/fakes/hand_loop.hpp"
#include "tests/unit/fakes/in_memory_agent_store.hpp"
#include "tests/unit/fakes/in_memory_chat.hpp"
#include "tests/unit/fakes/in_memory_memory_store.hpp"
#include "tests/unit/fakes/in_memory_work_log.hpp"
#include "tests/unit/fakes/manual_clock.hpp"
#include "tests/unit/fakes/scripted_models.hpp"
#include "tests/unit/fakes/set_automatic_mode.hpp"

namespace codelab::tests {

/// Everything of chat over in-memory stores and scripted models: one user with a session and an agent named coder.
class ChatTest : public testing::Test {
 protected:
  using EventType = core::events::EventType;
  using PostResult = base::Result<core::chat::Posted>;
  using TaskStatus = core::chat::TaskStatus;

  ChatTest() { add_agent("coder"); }

  void add_agent(const std::string& name) { loop_.run(registry_.create(user_, {.name = name, .config = {}})).value(); }

  core::chat::PostMessage message(std::string content, std::string key = "", std::string hash = "hash") const {
    core::chat::PostMessage post{.session = session_.id, .content = std::move(content)};
    if (!key.empty())
      post.idempotency = core::chat::IdempotencyKey{.key = std::move(key), .request_hash = std::move(hash)};
    return post;
  }
  PostResult post(core::chat::PostMessage message, core::chat::Follower follower = {}) {
    return loop_.run(poster_.post(user_, std::move(message), follower));
  }
  core::chat::Task task(const base::TaskId& id) { return loop_.run(tasks_.find(user_, id)).value(); }
  std::vector<core::chat::Message> said() const { return messages_.of(session_.id); }
  std::vector<core::events::Event> events() { return log_.events(user_, core::events::stream_of(session_.id)); }
  std::vector<EventType> event_types() {
    std::vector<EventType> types;
    for (const auto& event : events()) types.push_back(event.body.type);
    return types;
  }
  /// What a reader who joins now gets of texts that grow.
  std::size_t growing_texts() {
    const auto reader = std::make_shared<core::events::Subscription>(loop_.executor(), core::events::Interest{},
                                                                     core::events::Subscription::Bounds{}, login_);
    return hub_.join(user_, core::events::stream_of(session_.id), reader, {}).texts.size();
  }
  /// The store is away for the next `times` of that call: it throws before anything is written.
  void away(std::string_view call, int times = 1) {
    tasks_.before = [call, times](std::string_view now) mutable {
      if (now == call && times-- > 0) throw base::StoreError("the disk is full");
    };
  }

  const core::identity::UserScope user_ = core::identity::ScopeIssuer::open(base::UserId::generate());
  const base::AuthSessionId login_ = base::AuthSessionId::generate();
  ManualClock clock_;
  core::events::StreamHub hub_{clock_, {}};
  InMemoryEventLog log_{clock_, hub_};
  InMemoryChat chat_{log_};
  InMemorySessionStore sessions_{chat_};
  InMemoryMessageStore messages_{chat_};
  InMemoryTaskStore tasks_{chat_};
  InMemoryAgentStore agents_;
  InMemoryMemoryStore memories_;
  ScriptedEmbedder embedder_;
  ScriptedModel model_;
  const core::models::PriceTable prices_ = core::models::PriceTable::built_in();
  infra::inprocess::InProcessCache cache_;
  core::agents::AgentRegistry registry_{agents_, cache_, clock_};
  core::memory::AgentMemory memory_{memories_, embedder_, clock_};
  const core::chat::Session session_ = chat_.new_session(user_);
  core::chat::RunningTasks running_;
  infra::inprocess::InProcessAgentQueues queues_;
  base::TaskGroup upkeep_{"upkeep"};
  base::TaskGroup work_{"work"};
  HandLoop loop_;
  core::bus::BusObserver bus_observer_;
  core::bus::AgentBus bus_{queues_, bus_observer_, upkeep_, loop_.executor()};
  InMemoryMemoryDebts debts_{chat_};
  core::chat::Interactions interactions_{{.memory = memory_, .debts = debts_, .agents = registry_, .clock = clock_},
                                         std::chrono::milliseconds{1}};
  SetAutomaticMode automatic_;
  core::chat::Targets targets_{registry_, automatic_};
  core::chat::TaskLifecycle lifecycle_{tasks_, clock_, {}, {}};
  InMemoryWorkLog work_log_{chat_};
  core::work::Worker worker_{{.tasks = tasks_, .log = work_log_, .memory = memory_, .model = model_, .prices = prices_},
                             {.context_tokens = 8'000}};
  core::work::DirectCallRunner runner_{{.lifecycle = lifecycle_,
                                        .messages = messages_,
                                        .interactions = interactions_,
                                        .worker = worker_,
                                        .hub = hub_,
                                        .clock = clock_}};
  core::chat::QueuedCalls queued_{{.tasks = tasks_, .targets = targets_, .lifecycle = lifecycle_, .runner = runner_},
                                  {.wait = std::chrono::hours{1}, .look = std::chrono::milliseconds{1}}};
  static constexpr std::size_t kMaxRunning = 2;
  core::chat::MessagePoster poster_{{.targets = targets_,
                                     .tasks = tasks_,
                                     .running = running_,
                                     .bus = bus_,
                                     .hub = hub_,
                                     .clock = clock_,
                                     .cores = loop_.cores(),
                                     .work = work_},
                                    runner_,
                                    queued_,
                                    kMaxRunning};
};

}  // namespace codelab::tests
