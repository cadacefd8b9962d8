#include "core/chat/task_watch.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/store_error.hpp"

namespace codelab::core::chat {
namespace {

/// Between two looks at a task of which nothing is heard.
constexpr std::chrono::seconds kLookEvery{5};
/// Between two looks at one of which something is heard: what it tells may not be all.
constexpr std::chrono::seconds kLookAnyway{30};

bool ends_task(events::EventType type) {
  return type == events::EventType::task_completed || type == events::EventType::task_failed ||
         type == events::EventType::task_cancelled;
}

}  // namespace

TaskWatch::TaskWatch(events::StreamHub& hub, const identity::UserScope& scope, events::StreamId stream,
                     base::TaskId task, std::shared_ptr<events::Subscription> subscription, From from, Look look)
    : task_(task), look_(std::move(look)), subscription_(std::move(subscription)) {
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

/// The events of one task come in order, but some may come twice, and some not at all. An answer stands just before the
/// end of its task: an end whose answer did not come is not told, the store has both.
std::vector<events::LinePtr> TaskWatch::noted(std::vector<events::LinePtr> lines) {
  std::erase_if(lines, [this](const events::LinePtr& line) {
    if (line->type == events::EventType::message_delta) return false;
    if (line->position.seq <= last_seq_) return true;
    last_seq_ = line->position.seq;
    if (line->type == events::EventType::message_created) message_ = line;
    const bool answered = message_ && message_->position.seq + 1 == line->position.seq;
    missing_answer_ = line->type == events::EventType::task_completed && !answered;
    if (ends_task(line->type) && !missing_answer_) end_ = line;
    return missing_answer_;
  });
  if (end_) closed_ = true;
  return lines;
}

base::Task<std::vector<events::LinePtr>> TaskWatch::next(std::chrono::steady_clock::time_point deadline) {
  auto lines = noted(std::exchange(missed_, {}));
  while (lines.empty() && !closed_ && std::chrono::steady_clock::now() < deadline) {
    const auto left = deadline - std::chrono::steady_clock::now();
    auto batch = co_await subscription_->next(std::min<std::chrono::steady_clock::duration>(left, kLookEvery));
    const bool silent = batch.lines.empty();
    lines = noted(std::move(batch.lines));
    const bool due = std::chrono::steady_clock::now() >= looked_at_ + kLookAnyway;
    const bool untold = silent || due || batch.missed || batch.access_changed || missing_answer_;
    closed_ = closed_ || batch.state != events::Subscription::State::open;
    if (untold && !closed_) co_await look();
  }
  co_return lines;
}

/// A store that is away is asked again later.
base::Task<> TaskWatch::look() {
  looked_at_ = std::chrono::steady_clock::now();
  try {
    auto found = co_await look_();
    if (found) found_ = std::move(*found);
    if (!found) refusal_ = std::move(found.error());
    closed_ = found_ || refusal_;
  } catch (const base::StoreError& failure) {
    base::log::warning("task_not_looked_up", {{"task_id", task_.str()}, {"reason", failure.what()}});
  }
}

base::Task<> TaskWatch::wait(std::chrono::steady_clock::time_point deadline) {
  while (!closed_ && std::chrono::steady_clock::now() < deadline) {
    const auto lines = co_await next(deadline);
    if (lines.empty()) break;
  }
}

}  // namespace codelab::core::chat
