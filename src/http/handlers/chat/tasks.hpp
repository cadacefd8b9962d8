#pragma once

#include "core/chat/ports.hpp"
#include "http/api_request.hpp"

namespace codelab::http::handlers {

/// /my/tasks/*.
class TaskHandlers {
 public:
  explicit TaskHandlers(core::chat::TaskStore& tasks) : tasks_(tasks) {}

  base::Task<Response> list(UserRequest request);
  base::Task<Response> get(UserRequest request);

 private:
  core::chat::TaskStore& tasks_;
};

}  // namespace codelab::http::handlers
