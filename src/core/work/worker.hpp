#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/bus/agent_bus.hpp"
#include "core/chat/answer_text.hpp"
#include "core/chat/ports.hpp"
#include "core/memory/agent_memory.hpp"
#include "core/models/ports.hpp"
#include "core/models/price_table.hpp"
#include "core/work/assignment.hpp"
#include "core/work/tool.hpp"
#include "core/work/work_log.hpp"

namespace codelab::core::work {

struct Worked {
  std::string text;
  /// That gave the last of it.
  std::string model;
  /// Of all calls, those of agents that were asked included.
  chat::Usage usage;
};

/// Has an agent do what it is assigned: search its memory, call its model, do the tool calls that the model asks for
/// and tell it their results, until it answers in words. Each answer and each result is recorded before the next.
/// Thread-safe once it works.
class Worker {
 public:
  struct Ports {
    chat::TaskStore& tasks;
    WorkLog& log;
    memory::AgentMemory& memory;
    models::ChatModel& model;
    const models::PriceTable& prices;
  };
  struct Limits {
    /// What the model reads and writes at most in one call.
    std::int64_t context_tokens = 16'384;
    /// Of one task with all that it has others do; afterwards no more tools are called.
    Allowance allowance{.calls = 16, .tokens = 200'000};
  };

  Worker(Ports ports, Limits limits) : ports_(ports), limits_(limits) {}

  /// Before it works. The tool outlives this.
  void add(Tool& tool) { tools_.push_back(&tool); }

  /// `turn` is the slot that the task has at its agent: given to others while the agent waits for another one.
  /// CONTEXT_RETRIEVED is told beside the first call of the model; then `reader` gets the text as it grows, unless
  /// there is none. Errors: as ChatModel. Throws chat::TaskGone when the task has ended, base::StoreError when a store
  /// is away.
  base::Task<base::Result<Worked>> work(const Assignment& assignment, bus::AgentBus::Turn& turn, Allowance& allowance,
                                        chat::AnswerText* reader);
  Allowance allowance() const { return limits_.allowance; }
  /// Tokens that the prompt of an agent may have.
  std::int64_t prompt_budget(const agents::CallableAgent& agent) const;

 private:
  class Job;

  Ports ports_;
  const Limits limits_;
  std::vector<Tool*> tools_;
};

}  // namespace codelab::core::work
