#pragma once

#include "core/events/stream_bus.hpp"

namespace codelab::core::events {

/// For processes that share a log and have nothing to tell each other with: none hears of what the others do, and its
/// readers ask the log with each heartbeat.
class SilentBus final : public StreamBus {
 public:
  void publish(const Event&) noexcept override {}
  void publish_text(const base::UserId&, StreamId, TextPiece) noexcept override {}
  void publish_access_change(const base::UserId&) noexcept override {}
  base::Task<Following> follow(identity::UserScope, StreamId) override { co_return Following{}; }
  base::Task<Recent> recent(identity::UserScope, StreamId) override { co_return Recent{}; }
  /// There is nothing that could come back.
  bool is_live(const base::UserId&) const noexcept override { return true; }
};

}  // namespace codelab::core::events
