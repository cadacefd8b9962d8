#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "base/clock.hpp"
#include "core/agents/registry.hpp"
#include "core/bus/agent_queues.hpp"
#include "core/chat/interactions.hpp"
#include "core/chat/ports.hpp"
#include "core/chat/prompt.hpp"
#include "core/events/stream_hub.hpp"
#include "core/memory/agent_memory.hpp"
#include "core/models/ports.hpp"
#include "core/models/price_table.hpp"

namespace codelab::core::chat {

/// One message to one agent, begun: its task and its message are durable.
struct DirectCall {
  identity::UserScope scope;
  Task task;
  Message request;
  agents::CallableAgent agent;
  /// The session has messages before this one.
  bool has_history = false;
};

/// Of an agent's tasks.
inline bus::QueueBounds bounds_of(const agents::CallableAgent& agent) {
  return {.running = agent.config.concurrency_limit};
}

/// Runs a direct call to its end: search memory, build the prompt, call the model while the answer streams, store the
/// interaction and the answer. Whatever happens the task ends, completed or failed. Runs on the user's home core.
class DirectCallRunner {
 public:
  struct Ports {
    TaskStore& tasks;
    MessageStore& messages;
    memory::AgentMemory& memory;
    Interactions& interactions;
    models::ChatModel& model;
    const models::PriceTable& prices;
    events::StreamHub& hub;
    const base::Clock& clock;
  };

  /// How long to wait before storing a task's end is tried again. When none is left the answer is lost, and the task is
  /// run again once this process is gone.
  struct EndRetries {
    std::array<std::chrono::milliseconds, 4> waits{};
    /// How often the last of them is repeated.
    std::size_t repeats = 0;

    std::size_t size() const { return waits.size() + repeats; }
    std::chrono::milliseconds wait(std::size_t retry) const { return waits[std::min(retry, waits.size() - 1)]; }
  };
  /// An hour.
  static constexpr EndRetries kEndRetries{
      .waits = {std::chrono::milliseconds{100}, std::chrono::milliseconds{1'000}, std::chrono::milliseconds{5'000},
                std::chrono::milliseconds{15'000}},
      .repeats = 240};

  DirectCallRunner(Ports ports, std::int64_t context_tokens, EndRetries end_retries = kEndRetries)
      : ports_(ports), context_tokens_(context_tokens), end_retries_(end_retries) {}

  /// Says that the task runs from now on, for the `attempt`th time, until the store has taken that. False when there is
  /// no such task any more. Throws operation_aborted as run().
  base::Task<bool> begin(DirectCall& call, std::int64_t attempt);
  /// Throws operation_aborted when it is cancelled with the whole process; another process takes the task over.
  base::Task<> run(DirectCall call);
  /// Ends a task with that error; one that has ended stays as it is.
  base::Task<> fail(const DirectCall& call, base::Error error);

 private:
  struct Context {
    std::vector<memory::MemoryHit> memories;
    std::vector<Message> history;
    std::optional<base::Error> memory_error;
  };

  base::Task<std::optional<base::Error>> attempt(const DirectCall& call);
  base::Task<std::optional<base::Error>> guarded_attempt(const DirectCall& call);
  base::Task<Context> retrieve(const DirectCall& call);
  /// Whether the answer stands: the task may have ended before.
  base::Task<bool> complete(const DirectCall& call, Message answer);
  /// False when the task has ended already, or is no more; nothing when the store is away.
  base::Task<std::optional<bool>> try_store_end(const DirectCall& call, const Task& task,
                                                const std::optional<Message>& answer);
  /// Stores the end of a task, again and again for a while when the store does not take it. Whether it did.
  base::Task<bool> store_end(const DirectCall& call, Task task, std::optional<Message> answer);
  Message answer_message(const DirectCall& call, base::MessageId id, models::Completion completion) const;

  Ports ports_;
  std::int64_t context_tokens_;
  EndRetries end_retries_;
};

}  // namespace codelab::core::chat
