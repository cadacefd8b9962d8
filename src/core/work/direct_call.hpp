#pragma once

#include "base/clock.hpp"
#include "core/chat/call.hpp"
#include "core/chat/interactions.hpp"
#include "core/chat/ports.hpp"
#include "core/chat/task_lifecycle.hpp"
#include "core/events/stream_hub.hpp"
#include "core/work/worker.hpp"

namespace codelab::core::work {

/// Runs a direct call to its end: has the agent work on the message while its answer streams, store the interaction
/// and the answer.
class DirectCallRunner final : public chat::CallRunner {
 public:
  struct Ports {
    chat::TaskLifecycle& lifecycle;
    chat::MessageStore& messages;
    chat::Interactions& interactions;
    Worker& worker;
    events::StreamHub& hub;
    const base::Clock& clock;
  };

  explicit DirectCallRunner(Ports ports) : ports_(ports) {}

  base::Task<> run(chat::Call call, bus::AgentBus::Turn& turn) override;

 private:
  base::Task<std::optional<base::Error>> attempt(const chat::Call& call, bus::AgentBus::Turn& turn, bool again);
  base::Task<std::vector<chat::Message>> history(const chat::Call& call);

  Ports ports_;
};

}  // namespace codelab::core::work
