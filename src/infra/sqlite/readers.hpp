#pragma once

#include <filesystem>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "infra/sqlite/awaited_job.hpp"
#include "infra/sqlite/connection.hpp"
#include "infra/sqlite/job_queue.hpp"

namespace codelab::infra::sqlite {

/// Threads that read side by side, each with a read-only connection of its own. They see every commit that was done
/// when their job began.
class Readers {
 public:
  struct Settings {
    std::size_t threads = 3;
    QueueLimits queue;
  };

  /// The file must be there, and open for writing elsewhere in this process. Throws base::StoreError.
  Readers(const std::filesystem::path& file, Settings settings, StoreObserver& observer);
  ~Readers();
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  /// Runs `work(Connection&)` on one of the threads. Thread-safe. Throws base::StoreError when the queue is full, the
  /// wait too long or the disk fails.
  template <class Work>
  auto run(std::string_view operation, Work work) {
    return await_job(queue_, operation, std::move(work));
  }

 private:
  void serve(Connection& connection);

  StoreObserver& observer_;
  JobQueue<Connection> queue_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::jthread> threads_;
};

}  // namespace codelab::infra::sqlite
