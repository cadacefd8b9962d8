#include "core/events/line_order.hpp"

#include <algorithm>

#include "core/events/stream_bus.hpp"

namespace codelab::core::events {
namespace {

/// What is late comes soon, or not at all: so many texts are remembered, and as many tasks.
constexpr std::size_t kRemembered = 64;

template <class Id>
bool has(const std::deque<Id>& ids, const Id& id) {
  return std::ranges::find(ids, id) != ids.end();
}

template <class Id>
void remember(std::deque<Id>& ids, const Id& id) {
  if (has(ids, id)) return;
  if (ids.size() == kRemembered) ids.pop_front();
  ids.push_back(id);
}

}  // namespace

bool LineOrder::pass(const StreamLine& line) {
  const bool passes = line.type != EventType::message_delta || pass_delta(line);
  if (!passes) return false;
  note(line.type, line.task);
  last_ = std::max(last_, line.position);
  return true;
}

bool LineOrder::pass_delta(const StreamLine& delta) {
  if (delta.position <= began_) return false;
  if (delta.task && has(ended_, *delta.task)) return false;
  if (has(given_up_, *delta.message)) return false;
  if (delta.position > last_) return true;
  remember(given_up_, *delta.message);
  return false;
}

/// A task that begins, again perhaps, has its text before it.
void LineOrder::note(EventType type, const std::optional<base::TaskId>& task) {
  if (!task || !ends_text(type)) return;
  if (type == EventType::task_started) {
    std::erase(ended_, *task);
  } else {
    remember(ended_, *task);
  }
}

}  // namespace codelab::core::events
