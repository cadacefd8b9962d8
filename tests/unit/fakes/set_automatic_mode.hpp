#pragma once

#include <optional>
#include <string>

#include "core/chat/targets.hpp"

namespace codelab::tests {

/// Chooses what it was set to; without that automatic mode is off.
class SetAutomaticMode final : public core::chat::AutomaticMode {
 public:
  base::Task<base::Result<core::chat::Target>> choose(core::identity::UserScope, std::string) override {
    if (!chosen) co_return base::make_error(base::ErrorCode::target_required, "name the agent");
    co_return *chosen;
  }
  base::Task<core::agents::CallableAgent> orchestrator(core::identity::UserScope) override { co_return conductor; }

  std::optional<core::chat::Target> chosen;
  core::agents::CallableAgent conductor{.id = base::AgentId::generate(), .name = "orchestrator", .config = {}};
};

}  // namespace codelab::tests
