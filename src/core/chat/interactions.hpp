#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/agents/registry.hpp"
#include "core/chat/memory_debts.hpp"
#include "core/memory/agent_memory.hpp"

namespace codelab::core::chat {

/// What agents remember of the questions that they were asked and of their answers. What cannot be remembered now, with
/// memory or embedder away, or with the process gone, is remembered later, for a day, and once: the memory of a task
/// has the task's id. Thread-safe.
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

  /// How long remember() may take; longer only with a store that no cancellation interrupts.
  using Patience = std::chrono::milliseconds;

  explicit Interactions(Ports ports, Interval interval = std::chrono::seconds{10},
                        Patience patience = std::chrono::seconds{3})
      : ports_(ports), interval_(interval), patience_(patience) {}

  /// When an answer that is given now is to be remembered by somebody else; nothing where it is not to be remembered.
  std::optional<base::Timestamp> due(const agents::CallableAgent& agent, const std::string& answer) const;
  /// Whatever happens to the memory, it does not concern the answer. The task's slot is held meanwhile, so what takes
  /// long is broken off and owed.
  base::Task<> remember(identity::UserScope scope, agents::CallableAgent agent, Message request, std::string answer);
  /// Pays what is owed, until it is cancelled.
  base::Task<> run();

 private:
  struct Attempt {
    /// Why it could not be remembered, where it is worth another try.
    std::optional<std::string> reason = std::nullopt;
    std::optional<base::MemoryId> stored = std::nullopt;
  };

  base::Task<Attempt> try_to_remember(identity::UserScope scope, base::AgentId agent, Message request,
                                      std::string answer);
  /// The same within the patience.
  base::Task<Attempt> try_in_time(identity::UserScope scope, base::AgentId agent, Message request, std::string answer);
  /// However long it takes: what is broken off has forgotten memories without telling of it.
  base::Task<> keep_bounds(identity::UserScope scope, agents::CallableAgent agent, base::MemoryId stored);
  base::Task<> owe(identity::UserScope scope, base::TaskId task, std::string reason);
  void remembered(identity::UserScope scope, base::TaskId task);
  base::Task<> settle();
  base::Task<> pay_due();
  base::Task<> pay(OwedMemory owed);

  Ports ports_;
  const Interval interval_;
  const Patience patience_;
  std::mutex mutex_;
  /// Not yet settled. They are settled together: to do so one by one would cost each call a transaction.
  std::vector<SettledMemory> remembered_;
};

}  // namespace codelab::core::chat
