#pragma once

#include "base/clock.hpp"
#include "core/chat/answer_text.hpp"
#include "core/chat/call.hpp"
#include "core/chat/interactions.hpp"
#include "core/chat/ports.hpp"
#include "core/chat/prompt.hpp"
#include "core/chat/task_lifecycle.hpp"
#include "core/events/stream_hub.hpp"
#include "core/memory/agent_memory.hpp"
#include "core/models/ports.hpp"
#include "core/models/price_table.hpp"

namespace codelab::core::chat {

/// Runs a direct call to its end: search memory, build the prompt, call the model while the answer streams, store the
/// interaction and the answer.
class DirectCallRunner final : public CallRunner {
 public:
  struct Ports {
    TaskLifecycle& lifecycle;
    TaskStore& tasks;
    MessageStore& messages;
    memory::AgentMemory& memory;
    Interactions& interactions;
    models::ChatModel& model;
    const models::PriceTable& prices;
    events::StreamHub& hub;
    const base::Clock& clock;
  };

  DirectCallRunner(Ports ports, std::int64_t context_tokens) : ports_(ports), context_tokens_(context_tokens) {}

  base::Task<> run(Call call) override;

 private:
  base::Task<std::optional<base::Error>> attempt(const Call& call);
  base::Task<std::vector<Message>> history(const Call& call);
  Message answer_message(const Call& call, base::MessageId id, models::Completion completion) const;

  Ports ports_;
  std::int64_t context_tokens_;
};

}  // namespace codelab::core::chat
