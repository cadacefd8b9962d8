#pragma once

#include "base/ids.hpp"
#include "core/identity/user_scope.hpp"

namespace codelab::core::agents {

/// Told when an agent is gone, after it is durable and before the caller is answered. Called on whichever core served
/// the request; must return quickly.
class AgentListener {
 public:
  virtual ~AgentListener() = default;
  virtual void agent_erased(const identity::UserScope& scope, const base::AgentId& agent) noexcept = 0;
};

}  // namespace codelab::core::agents
