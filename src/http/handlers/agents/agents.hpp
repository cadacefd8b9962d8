#pragma once

#include "core/agents/registry.hpp"
#include "http/api_request.hpp"
#include "http/route.hpp"

namespace codelab::http::handlers {

/// /my/agents/*. `{agent}` is an id or a name.
class AgentHandlers {
 public:
  explicit AgentHandlers(core::agents::AgentRegistry& agents) : agents_(agents) {}

  base::Task<Response> list(UserRequest request);
  base::Task<Response> create(UserRequest request, core::agents::AgentDefinition definition);
  base::Task<Response> get(UserRequest request);
  base::Task<Response> patch(UserRequest request, Changes<core::agents::AgentChanges> changes);
  base::Task<Response> replace(UserRequest request, core::agents::AgentDefinition definition);
  base::Task<Response> erase(UserRequest request);

 private:
  core::agents::AgentRegistry& agents_;
};

}  // namespace codelab::http::handlers
