#pragma once

#include "core/memory/agent_memory.hpp"
#include "core/work/tool.hpp"

namespace codelab::core::work {

/// `memory_search`: the agent searches its own memory for something else than the message.
class MemorySearch final : public Tool {
 public:
  static constexpr std::string_view kToolName = "memory_search";

  explicit MemorySearch(memory::AgentMemory& memory) : memory_(memory) {}

  std::string_view name() const override { return kToolName; }
  base::Task<std::optional<models::ToolSpec>> spec(const Assignment& assignment) override;
  base::Task<ToolResult> call(ToolUse use) override;

 private:
  memory::AgentMemory& memory_;
};

}  // namespace codelab::core::work
