#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "core/agents/registry.hpp"
#include "core/chat/memory_debts.hpp"
#include "core/memory/agent_memory.hpp"

namespace codelab::core::chat {

/// What agents remember of the questions that they were asked and of their answers. What cannot be remembered now, with
/// memory or embedder away, is remembered later, for a day. Thread-safe.
class Interactions {
 public:
  struct Ports {
    memory::AgentMemory& memory;
    MemoryDebts& debts;
    agents::AgentRegistry& agents;
    const base::Clock& clock;
  };
  /// Between two looks for what is due.
  using Interval = std::chrono::milliseconds;

  explicit Interactions(Ports ports, Interval interval = std::chrono::seconds{10})
      : ports_(ports), interval_(interval) {}

  /// Whatever happens to the memory, it does not concern the answer.
  base::Task<> remember(identity::UserScope scope, agents::CallableAgent agent, Message request, std::string answer);
  /// Pays what is owed, until it is cancelled.
  base::Task<> run();

 private:
  /// Why it could not be remembered, where it is worth another try.
  base::Task<std::optional<std::string>> try_to_remember(identity::UserScope scope, agents::CallableAgent agent,
                                                         Message request, std::string answer);
  base::Task<> owe(identity::UserScope scope, base::TaskId task, std::string reason);
  base::Task<> pay_due();
  base::Task<> pay(OwedMemory owed);

  Ports ports_;
  Interval interval_;
};

}  // namespace codelab::core::chat
