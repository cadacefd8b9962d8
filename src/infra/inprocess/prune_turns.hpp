#pragma once

#include <memory>

#include "core/memory/prune_turns.hpp"

namespace codelab::infra::inprocess {

/// Of one process: who comes while a turn is under way leaves it to that one, which then looks once more. Turns may
/// outlive it.
class InProcessPruneTurns final : public core::memory::PruneTurns {
 public:
  InProcessPruneTurns();

  base::Task<std::unique_ptr<core::memory::PruneTurn>> take(core::identity::UserScope scope,
                                                            base::AgentId agent) override;

 private:
  class UnderWay;
  class Turn;

  std::shared_ptr<UnderWay> under_way_;
};

}  // namespace codelab::infra::inprocess
