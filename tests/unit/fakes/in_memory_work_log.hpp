#pragma once

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "core/work/work_log.hpp"
#include "tests/unit/fakes/in_memory_chat.hpp"

namespace codelab::tests {

/// For one thread.
class InMemoryWorkLog final : public core::work::WorkLog {
 public:
  using UserScope = core::identity::UserScope;

  explicit InMemoryWorkLog(InMemoryChat& chat) : chat_(chat) {}

  std::map<base::TaskId, std::vector<core::work::RecordedPart>> parts;

  base::Task<core::work::Recorded> record(UserScope scope, core::chat::Task task,
                                          core::work::WorkRecord record) override {
    const auto found = chat_.tasks.find(task.id);
    if (found == chat_.tasks.end() || is_final(found->second.task.status)) {
      co_return core::work::Recorded::gone;
    }
    if (record.step) {
      const auto earlier = chat_.tasks.find(record.step->id);
      const bool ended = earlier != chat_.tasks.end() && is_final(earlier->second.task.status);
      if (ended) co_return core::work::Recorded::step_ended;
    }
    for (auto& part : record.parts) parts[task.id].push_back(std::move(part));
    if (record.step) {
      chat_.tasks.insert_or_assign(record.step->id, InMemoryChat::Owned{.owner = scope, .task = *record.step});
    }
    for (auto& event : record.events) {
      chat_.log.append(scope, core::events::stream_of(task.session_id), std::move(event));
    }
    co_return core::work::Recorded::yes;
  }
  base::Task<std::vector<core::work::RecordedPart>> of_task(UserScope, base::TaskId task) override {
    auto found = parts[task];
    std::ranges::sort(found, {}, [](const auto& part) { return std::pair(part.turn, part.call); });
    co_return found;
  }

 private:
  InMemoryChat& chat_;
};

}  // namespace codelab::tests
