#pragma once

#include <memory>
#include <string_view>

#include "app/metrics.hpp"
#include "base/cores.hpp"
#include "config/settings.hpp"
#include "core/bus/agent_queues.hpp"
#include "core/cache/ports.hpp"
#include "core/events/stream_bus.hpp"
#include "core/memory/prune_turns.hpp"

namespace codelab::app {

/// Fast state that may be lost: this process's own, or shared by all processes of a deployment. Thread-safe.
class SharedState {
 public:
  virtual ~SharedState() = default;
  virtual core::cache::Cache& cache() = 0;
  virtual core::cache::RateLimiter& limiter() = 0;
  virtual core::bus::AgentQueues& queues() = 0;
  virtual core::memory::PruneTurns& prune_turns() = 0;
  /// How the other processes hear of events; none for a process that is alone.
  virtual core::events::StreamBus* bus() = 0;
  /// As operators know it: "redis"; empty when it is this process's own memory.
  virtual std::string_view name() const = 0;
  /// Whether it does now what it must: throws base::StoreError, with the reason, when it does not.
  virtual base::Task<> look() = 0;
  /// Ends its work on the cores, which still run. Afterwards calls answer as if it were away.
  virtual void stop() = 0;
};

/// Redis where settings name one, else this process's memory. `listener` hears what other processes publish and
/// outlives it. Throws std::runtime_error with words for an operator.
std::unique_ptr<SharedState> open_shared_state(const config::Settings& settings, base::Cores& cores,
                                               core::events::BusListener& listener, Metrics& metrics);

}  // namespace codelab::app
