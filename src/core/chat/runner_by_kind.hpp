#pragma once

#include <utility>

#include "core/chat/call.hpp"

namespace codelab::core::chat {

/// Has each task's work done by the runner of its kind.
class RunnerByKind final : public CallRunner {
 public:
  RunnerByKind(CallRunner& direct, CallRunner& plans) : direct_(direct), plans_(plans) {}

  base::Task<> run(Call call, bus::AgentBus::Turn& turn) override {
    return call.task.kind == TaskKind::plan ? plans_.run(std::move(call), turn) : direct_.run(std::move(call), turn);
  }

 private:
  CallRunner& direct_;
  CallRunner& plans_;
};

}  // namespace codelab::core::chat
