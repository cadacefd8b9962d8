#pragma once

#include <chrono>
#include <string_view>
#include <thread>

#include "base/clock.hpp"
#include "core/events/ports.hpp"
#include "infra/sqlite/awaited_job.hpp"
#include "infra/sqlite/batch.hpp"
#include "infra/sqlite/checkpointer.hpp"
#include "infra/sqlite/job_queue.hpp"
#include "infra/sqlite/transaction.hpp"

namespace codelab::infra::sqlite {

/// How much one COMMIT carries at most: what waits when it begins, and what comes while its jobs run.
struct BatchLimits {
  std::size_t max_jobs = 256;
  std::chrono::microseconds max_time{5'000};
};

/// The one thread that writes. Jobs that wait at the same time become durable by one COMMIT; their events are then
/// relayed in order, and their callers resumed. A failed COMMIT fails its jobs with base::StoreError and relays
/// nothing.
class Writer {
 public:
  struct Settings {
    QueueLimits queue;
    BatchLimits batch;
  };

  Writer(Connection& connection, Checkpointer& checkpointer, Settings settings, const base::Clock& clock,
         core::events::EventRelay& relay, StoreObserver& observer);
  /// Commits what waits, then ends.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Runs `work(Transaction&)` on the writer's thread; the caller goes on once its result is durable. Thread-safe.
  /// Throws base::StoreError when the queue is full, the wait too long or the disk fails.
  template <class Work>
  auto run(std::string_view operation, Work work) {
    return await_job(queue_, operation, std::move(work));
  }

 private:
  void serve();
  void run_batch(Batch::JobPointer first);
  void run_jobs(Batch& batch);

  Connection& connection_;
  Checkpointer& checkpointer_;
  const BatchLimits limits_;
  const base::Clock& clock_;
  core::events::EventRelay& relay_;
  StoreObserver& observer_;
  JobQueue<Transaction> queue_;
  std::thread thread_;
};

}  // namespace codelab::infra::sqlite
