#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "core/events/stream_hub.hpp"
#include "tests/unit/fakes/hand_loop.hpp"
#include "tests/unit/fakes/in_memory_event_log.hpp"
#include "tests/unit/fakes/manual_clock.hpp"

namespace codelab::tests {

inline core::identity::UserScope new_user() { return core::identity::ScopeIssuer::open(base::UserId::generate()); }

inline core::events::NewEvent event_of(std::string_view payload, std::optional<base::TaskId> task = std::nullopt) {
  return {.type = core::events::EventType::task_progress, .task = task, .payload = std::string(payload)};
}

inline std::vector<std::string> payloads(const std::vector<core::events::LinePtr>& lines) {
  std::vector<std::string> found;
  for (const auto& line : lines) found.emplace_back(line->payload());
  return found;
}

/// A hub with its log, and one stream of one user.
class StreamTest : public testing::Test {
 protected:
  using LinePtr = core::events::LinePtr;
  using Subscription = core::events::Subscription;

  explicit StreamTest(core::events::StreamHub::Limits limits = {}) : hub_(clock_, limits) {}

  /// Commits {"n":1}, {"n":2}, ... up to `last`, each under that seq.
  void commit_up_to(std::int64_t last) {
    const auto known = static_cast<std::int64_t>(log_.events(user_, stream_).size());
    for (std::int64_t n = known + 1; n <= last; ++n) log_.append(user_, stream_, event_of(numbered(n)));
  }
  static std::string numbered(std::int64_t n) { return "{\"n\":" + std::to_string(n) + "}"; }
  static std::vector<std::string> numbers(std::int64_t first, std::int64_t last) {
    std::vector<std::string> all;
    for (std::int64_t n = first; n <= last; ++n) all.push_back(numbered(n));
    return all;
  }
  std::shared_ptr<Subscription> subscription(core::events::Interest interest = {}, Subscription::Bounds bounds = {}) {
    return std::make_shared<Subscription>(loop_.executor(), interest, bounds, login_);
  }
  /// What waits in there, without waiting for more.
  Subscription::Batch taken(Subscription& from) { return loop_.run(from.next(std::chrono::seconds{0})); }

  const core::identity::UserScope user_ = new_user();
  const core::events::StreamId stream_ = core::events::StreamId::generate();
  const base::AuthSessionId login_ = base::AuthSessionId::generate();
  ManualClock clock_;
  core::events::StreamHub hub_;
  InMemoryEventLog log_{clock_, hub_};
  HandLoop loop_;
};

}  // namespace codelab::tests
