#include "infra/inprocess/prune_turns.hpp"

#include <map>
#include <mutex>
#include <utility>

namespace codelab::infra::inprocess {

/// The agents whose turn is under way, and whether somebody has come meanwhile.
class InProcessPruneTurns::UnderWay {
 public:
  /// False when there is a turn already, which is told to look again.
  bool begin(const base::AgentId& agent) {
    const std::scoped_lock lock(mutex_);
    const auto [entry, is_first] = agents_.try_emplace(agent, false);
    if (!is_first) entry->second = true;
    return is_first;
  }
  /// Ends the turn unless somebody has come.
  bool end_unless_asked(const base::AgentId& agent) {
    const std::scoped_lock lock(mutex_);
    const auto entry = agents_.find(agent);
    if (std::exchange(entry->second, false)) return false;
    agents_.erase(entry);
    return true;
  }
  void end(const base::AgentId& agent) {
    const std::scoped_lock lock(mutex_);
    agents_.erase(agent);
  }

 private:
  std::mutex mutex_;
  std::map<base::AgentId, bool> agents_;
};

class InProcessPruneTurns::Turn final : public core::memory::PruneTurn {
 public:
  Turn(std::shared_ptr<UnderWay> under_way, const base::AgentId& agent)
      : under_way_(std::move(under_way)), agent_(agent) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() override {
    if (!ended_) under_way_->end(agent_);
  }

  bool look() override {
    if (std::exchange(begun_, true)) ended_ = under_way_->end_unless_asked(agent_);
    return !ended_;
  }
  base::Task<bool> keep() override { co_return true; }

 private:
  const std::shared_ptr<UnderWay> under_way_;
  const base::AgentId agent_;
  bool begun_ = false;
  bool ended_ = false;
};

InProcessPruneTurns::InProcessPruneTurns() : under_way_(std::make_shared<UnderWay>()) {}

base::Task<std::unique_ptr<core::memory::PruneTurn>> InProcessPruneTurns::take(core::identity::UserScope,
                                                                               base::AgentId agent) {
  if (!under_way_->begin(agent)) co_return nullptr;
  co_return std::make_unique<Turn>(under_way_, agent);
}

}  // namespace codelab::infra::inprocess
