#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/store_error.hpp"
#include "infra/sqlite/observer.hpp"

namespace codelab::infra::sqlite {

struct QueueLimits {
  std::size_t max_waiting = 4096;
  /// A job that could not begin for so long is answered with an error.
  std::chrono::milliseconds max_wait{5'000};
};

/// Work on a database thread that somebody awaits.
template <class Context>
class Job {
 public:
  using Clock = std::chrono::steady_clock;

  Job(std::string_view operation, Clock::time_point queued) : operation(operation), queued(queued) {}
  virtual ~Job() = default;
  /// May throw; the caller then gets that exception.
  virtual void run(Context& context) = 0;
  /// Resumes the caller on its own executor, with what run() made of it or with `failure`. Called once, last.
  virtual void resume(std::exception_ptr failure) noexcept = 0;

  const std::string_view operation;
  const Clock::time_point queued;
};

/// Jobs on their way to one or more database threads, first come first served. Bounded; thread-safe.
template <class Context>
class JobQueue {
 public:
  using Pointer = std::unique_ptr<Job<Context>>;

  JobQueue(StoreQueue name, QueueLimits limits, StoreObserver& observer)
      : name_(name), limits_(limits), observer_(observer) {}

  /// Takes the job, or resumes it with a StoreError at once: the queue is full or closed.
  void push(Pointer job) {
    const auto now = job->queued;
    std::vector<Pointer> late;
    Pointer refused;
    const char* reason = "sqlite: too many jobs wait for the database";
    {
      const std::lock_guard lock(mutex_);
      late = take_late(now);
      if (closed_) reason = "sqlite: the database is closing";
      auto& place = closed_ || waiting_.size() >= limits_.max_waiting ? refused : waiting_.emplace_back();
      place = std::move(job);
      observer_.queue_depth(name_, waiting_.size());
    }
    arrived_.notify_one();
    refuse(late);
    if (refused) refused->resume(std::make_exception_ptr(base::StoreError(reason)));
  }

  /// Waits for a job; null when the queue is closed and empty.
  Pointer pop() {
    for (;;) {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
      auto late = take_late(std::chrono::steady_clock::now());
      Pointer job = take_first();
      observer_.queue_depth(name_, waiting_.size());
      const bool ended = closed_ && job == nullptr;
      lock.unlock();
      refuse(late);
      if (job || ended) return job;
    }
  }

  /// The next job if one waits.
  Pointer try_pop() {
    const std::lock_guard lock(mutex_);
    return take_first();
  }

  /// No more jobs; what waits is still handed out.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    arrived_.notify_all();
  }

 private:
  Pointer take_first() {
    if (waiting_.empty()) return nullptr;
    Pointer job = std::move(waiting_.front());
    waiting_.pop_front();
    return job;
  }

  std::vector<Pointer> take_late(std::chrono::steady_clock::time_point now) {
    std::vector<Pointer> late;
    while (!waiting_.empty() && now - waiting_.front()->queued > limits_.max_wait) late.push_back(take_first());
    return late;
  }

  static void refuse(std::vector<Pointer>& late) {
    for (auto& job : late) {
      job->resume(std::make_exception_ptr(base::StoreError("sqlite: a job waited too long for the database")));
    }
  }

  const StoreQueue name_;
  const QueueLimits limits_;
  StoreObserver& observer_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Pointer> waiting_;
  bool closed_ = false;
};

}  // namespace codelab::infra::sqlite
