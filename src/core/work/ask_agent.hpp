#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/bus/agent_bus.hpp"
#include "core/chat/ports.hpp"
#include "core/chat/running_tasks.hpp"
#include "core/work/tool.hpp"
#include "core/work/worker.hpp"

namespace codelab::core::work {

/// `ask_agent`: an agent asks another one of the same user, which works on the question in a task of its own, a step of
/// the asking one. Nobody is asked who waits for the answer already.
class AskAgent final : public Tool {
 public:
  static constexpr std::string_view kToolName = "ask_agent";

  struct Ports {
    Worker& worker;
    agents::AgentRegistry& agents;
    bus::AgentBus& bus;
    chat::TaskStore& tasks;
    WorkLog& log;
    chat::RunningTasks& running;
    const base::Clock& clock;
  };
  struct Limits {
    /// How many agents may wait for one another, the first one included.
    std::size_t depth = 3;
    /// From the question to the answer.
    std::chrono::milliseconds time{std::chrono::minutes{5}};
  };

  AskAgent(Ports ports, Limits limits) : ports_(ports), limits_(limits) {}

  std::string_view name() const override { return kToolName; }
  base::Task<std::optional<models::ToolSpec>> spec(const Assignment& assignment) override;
  bool waits_for_agents() const override { return true; }
  base::Task<ToolResult> call(ToolUse use) override;

 private:
  struct Question;

  base::Task<std::expected<Question, std::string>> question(const ToolUse& use);
  /// Nothing when the step has ended otherwise meanwhile.
  base::Task<std::optional<base::Result<Worked>>> answer(const ToolUse& use, const Question& question,
                                                         bus::AgentBus::Turn& turn,
                                                         std::chrono::steady_clock::time_point deadline);
  base::Task<> work_into(std::optional<base::Result<Worked>>& answered, const Assignment& assignment,
                         bus::AgentBus::Turn& turn, Allowance& allowance);
  /// False when the question was cancelled before the caller was taken over.
  base::Task<bool> begin(const ToolUse& use, Question& question);
  ToolResult result(const ToolUse& use, Question question, std::optional<base::Result<Worked>> answer) const;

  Ports ports_;
  const Limits limits_;
};

}  // namespace codelab::core::work
