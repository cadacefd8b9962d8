#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <vector>

#include "core/events/ports.hpp"
#include "infra/sqlite/job_queue.hpp"
#include "infra/sqlite/transaction.hpp"

namespace codelab::infra::sqlite {

/// Jobs that become durable together, by one COMMIT. Each runs in its own savepoint: one that throws is undone alone.
class Batch {
 public:
  using JobPointer = JobQueue<Transaction>::Pointer;

  Batch(Connection& connection, const base::Clock& clock, StoreObserver& observer)
      : transaction_(connection, clock), observer_(observer) {}

  /// Called once, before the jobs run. Throws base::StoreError; fail() is then the only call left.
  void begin();
  /// Takes the job over; without it being run, for begin() may still fail.
  void add(JobPointer job) { entries_.push_back({std::move(job)}); }
  /// Runs the job that was added last. Throws base::StoreError when the whole transaction is lost.
  void run_last();
  /// Throws base::StoreError when nothing became durable.
  void commit();

  /// After commit(): relays the events in order, then resumes every caller.
  void announce(core::events::EventRelay& relay) noexcept;
  /// Instead: undoes everything and resumes every caller with a StoreError of that `reason`, or with what its own job
  /// threw.
  void fail(const std::string& reason) noexcept;

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    JobPointer job;
    std::exception_ptr failure = nullptr;
    /// This job's part of the transaction's after_commit steps.
    std::size_t first_step = 0;
    std::size_t last_step = 0;
  };
  struct Mark {
    std::size_t events;
    std::size_t before_commit;
    std::size_t after_commit;
  };

  Mark mark() const;
  void undo_to(const Mark& mark);
  void resume(Entry& entry) noexcept;

  Transaction transaction_;
  StoreObserver& observer_;
  std::vector<Entry> entries_;
};

}  // namespace codelab::infra::sqlite
