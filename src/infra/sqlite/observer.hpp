#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace codelab::infra::sqlite {

enum class StoreQueue : std::uint8_t { write, read };

/// What the store tells to whoever counts. Called on the store's threads and on callers': must be quick and must not
/// throw. Ignores all by default.
class StoreObserver {
 public:
  virtual ~StoreObserver() = default;
  /// One job has run, e.g. "task.begin"; waiting and commit are not in `duration`.
  virtual void query(std::string_view operation, std::chrono::steady_clock::duration duration) noexcept {
    static_cast<void>(operation);
    static_cast<void>(duration);
  }
  /// `jobs` became durable together; `duration` is the COMMIT alone.
  virtual void commit(std::size_t jobs, std::chrono::steady_clock::duration duration) noexcept {
    static_cast<void>(jobs);
    static_cast<void>(duration);
  }
  virtual void queue_depth(StoreQueue queue, std::size_t depth) noexcept {
    static_cast<void>(queue);
    static_cast<void>(depth);
  }
};

}  // namespace codelab::infra::sqlite
