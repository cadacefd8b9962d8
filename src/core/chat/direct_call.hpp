#pragma once

#include <chrono>
#include <string>

#include "base/clock.hpp"
#include "core/agents/registry.hpp"
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

/// Runs a direct call to its end: search memory, build the prompt, call the model while the answer streams, store the
/// interaction and the answer. Whatever happens the task ends, completed or failed. Runs on the user's home core.
class DirectCallRunner {
 public:
  struct Ports {
    TaskStore& tasks;
    MessageStore& messages;
    memory::AgentMemory& memory;
    models::ChatModel& model;
    const models::PriceTable& prices;
    events::StreamHub& hub;
    const base::Clock& clock;
  };

  DirectCallRunner(Ports ports, std::int64_t context_tokens) : ports_(ports), context_tokens_(context_tokens) {}

  base::Task<> run(DirectCall call);

 private:
  struct Context {
    std::vector<memory::MemoryHit> memories;
    std::vector<Message> history;
    std::optional<base::Error> memory_error;
  };

  base::Task<std::optional<base::Error>> attempt(const DirectCall& call);
  base::Task<std::optional<base::Error>> guarded_attempt(const DirectCall& call);
  base::Task<Context> retrieve(const DirectCall& call);
  base::Task<> announce_context(const DirectCall& call, const Context& context, const Prompt& prompt);
  base::Task<bool> remember(const DirectCall& call, std::string answer);
  base::Task<> prune_now_and_then(const DirectCall& call, base::MemoryId newest);
  base::Task<bool> complete(const DirectCall& call, Message answer);
  base::Task<> fail(const DirectCall& call, base::Error error);
  Message answer_message(const DirectCall& call, base::MessageId id, models::Completion completion) const;

  Ports ports_;
  std::int64_t context_tokens_;
};

}  // namespace codelab::core::chat
