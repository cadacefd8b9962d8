#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "core/events/ports.hpp"

namespace codelab::tests {

/// Behaves as a true log does, in memory, and tells the relay of what it stored. For one thread.
class InMemoryEventLog final : public core::events::EventLog {
 public:
  using UserScope = core::identity::UserScope;
  using StreamId = core::events::StreamId;

  InMemoryEventLog(const base::Clock& clock, core::events::EventRelay& relay) : clock_(clock), relay_(relay) {}

  /// Run before each read() and last_seq(); may throw as a store does that is away.
  std::function<void()> before_read;
  /// Run once what is returned has been read.
  std::function<void()> after_read;

  void append(const UserScope& scope, StreamId stream, core::events::NewEvent event) {
    relay_.committed(append_untold(scope, stream, std::move(event)));
  }
  /// Stored, as by another process or before a restart: the relay never learns of it.
  core::events::Event append_untold(const UserScope& scope, StreamId stream, core::events::NewEvent event) {
    auto& events = streams_[{scope.user(), stream}];
    events.push_back({.user = scope.user(),
                      .stream = stream,
                      .seq = static_cast<std::int64_t>(events.size()) + 1,
                      .body = std::move(event),
                      .at = clock_.now()});
    return events.back();
  }
  void erase(const UserScope& scope, StreamId stream) { streams_.erase({scope.user(), stream}); }
  const std::vector<core::events::Event>& events(const UserScope& scope, StreamId stream) {
    return streams_[{scope.user(), stream}];
  }

  base::Task<std::vector<core::events::Event>> read(UserScope scope, StreamId stream, std::int64_t after_seq,
                                                    std::int64_t limit) override {
    if (before_read) before_read();
    std::vector<core::events::Event> found;
    for (const auto& event : events(scope, stream)) {
      if (event.seq > after_seq && std::cmp_less(found.size(), limit)) found.push_back(event);
    }
    if (after_read) after_read();
    co_return found;
  }
  base::Task<std::int64_t> last_seq(UserScope scope, StreamId stream) override {
    if (before_read) before_read();
    const auto last = static_cast<std::int64_t>(events(scope, stream).size());
    if (after_read) after_read();
    co_return last;
  }

 private:
  const base::Clock& clock_;
  core::events::EventRelay& relay_;
  std::map<std::pair<base::UserId, StreamId>, std::vector<core::events::Event>> streams_;
};

}  // namespace codelab::tests
