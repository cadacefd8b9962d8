#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "core/agents/registry.hpp"
#include "core/chat/values.hpp"
#include "core/events/event.hpp"
#include "core/memory/agent_memory.hpp"
#include "core/models/ports.hpp"
#include "core/models/price_table.hpp"

namespace codelab::core::orchestration {

struct StepResult {
  std::string text;
  chat::Usage usage;
  /// CONTEXT_RETRIEVED of the step.
  events::NewEvent context;
};

/// Has an agent do one step of a plan: search its memory, call its model. Thread-safe.
class StepRunner {
 public:
  struct Ports {
    memory::AgentMemory& memory;
    models::ChatModel& model;
    const models::PriceTable& prices;
  };

  StepRunner(Ports ports, std::int64_t context_tokens) : ports_(ports), context_tokens_(context_tokens) {}

  /// Errors: as ChatModel.
  base::Task<base::Result<StepResult>> run(identity::UserScope scope, agents::CallableAgent agent, chat::Task step,
                                           std::string message);
  /// Tokens that a step's message may have.
  std::int64_t message_budget(const agents::CallableAgent& agent) const;

 private:
  Ports ports_;
  std::int64_t context_tokens_;
};

}  // namespace codelab::core::orchestration
