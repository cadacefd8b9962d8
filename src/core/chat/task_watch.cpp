#include "core/chat/task_watch.hpp"

#include <utility>

namespace codelab::core::chat {
namespace {

bool ends_task(events::EventType type) {
  return type == events::EventType::task_completed || type == events::EventType::task_failed ||
         type == events::EventType::task_cancelled;
}

}  // namespace

TaskWatch::TaskWatch(events::StreamHub& hub, const identity::UserScope& scope, events::StreamId stream,
                     base::TaskId task, std::shared_ptr<events::Subscription> subscription, From from)
    : task_(task), from_(from), subscription_(std::move(subscription)) {
  if (from == From::now) {
    hub.subscribe(scope, stream, subscription_);
    return;
  }
  auto joined = hub.join(scope, stream, subscription_, {});
  for (auto* lines : {&joined.buffered, &joined.texts}) {
    for (auto& line : *lines) {
      const bool wanted =
          line->task == task_ && (subscription_->interest().deltas || line->type != events::EventType::message_delta);
      if (wanted) missed_.push_back(std::move(line));
    }
  }
}

void TaskWatch::note(const events::LinePtr& line) {
  if (line->type == events::EventType::message_created) message_ = line;
  if (!ends_task(line->type)) return;
  end_ = line;
  closed_ = true;
}

base::Task<std::vector<events::LinePtr>> TaskWatch::next(std::chrono::steady_clock::time_point deadline) {
  std::vector<events::LinePtr> lines = std::exchange(missed_, {});
  while (lines.empty() && !closed_ && std::chrono::steady_clock::now() < deadline) {
    auto batch = co_await subscription_->next(deadline - std::chrono::steady_clock::now());
    lines = std::move(batch.lines);
    const bool lost_sight = batch.missed && from_ == From::its_beginning;
    if (batch.state != events::Subscription::State::open || lost_sight) closed_ = true;
  }
  for (const events::LinePtr& line : lines) note(line);
  co_return lines;
}

base::Task<> TaskWatch::wait(std::chrono::steady_clock::time_point deadline) {
  while (!closed_ && std::chrono::steady_clock::now() < deadline) {
    const auto lines = co_await next(deadline);
    if (lines.empty()) break;
  }
}

}  // namespace codelab::core::chat
