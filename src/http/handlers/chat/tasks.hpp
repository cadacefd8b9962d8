#pragma once

#include "core/chat/cancellation.hpp"
#include "http/api_request.hpp"

namespace codelab::http::handlers {

/// /my/tasks/*.
class TaskHandlers {
 public:
  TaskHandlers(core::chat::TaskStore& tasks, core::chat::Cancellation& cancellation)
      : tasks_(tasks), cancellation_(cancellation) {}

  base::Task<Response> list(UserRequest request);
  base::Task<Response> get(UserRequest request);
  base::Task<Response> cancel(UserRequest request);

 private:
  core::chat::TaskStore& tasks_;
  core::chat::Cancellation& cancellation_;
};

}  // namespace codelab::http::handlers
