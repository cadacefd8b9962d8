#include "core/chat/recall.hpp"

#include <utility>

#include "base/log.hpp"
#include "base/store_error.hpp"

namespace codelab::core::chat {

base::Task<Recalled> recall(memory::AgentMemory& memory, identity::UserScope scope, agents::CallableAgent agent,
                            base::TaskId task, std::string text) {
  Recalled recalled;
  const auto& config = agent.config.memory;
  if (!config.enabled) co_return recalled;
  memory::Search search{.text = std::move(text), .top_k = config.top_k, .min_score = config.min_score, .filter = {}};
  try {
    auto found = co_await memory.search(scope, agent.id, std::move(search));
    if (found) recalled.memories = std::move(*found);
    if (!found) recalled.error = found.error();
  } catch (const base::StoreError& failure) {
    base::log::warning("memory_not_searched", {{"task_id", task.str()}, {"reason", failure.what()}});
    recalled.error = base::make_error(base::ErrorCode::store_unavailable, "memory is away at the moment");
  }
  co_return recalled;
}

}  // namespace codelab::core::chat
