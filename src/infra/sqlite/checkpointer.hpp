#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "infra/sqlite/connection.hpp"

namespace codelab::infra::sqlite {

/// Copies the write-ahead log into the database file beside the writer, on a thread and a connection of its own, so
/// that no commit waits for it. Only the short rest that was written meanwhile is left to the writer: with nobody
/// writing, the log is then complete in the file, and the next commit begins it anew.
class Checkpointer {
 public:
  /// Begins when the log that `writer` fills holds `pages`. Throws base::StoreError.
  Checkpointer(Connection& writer, const std::filesystem::path& file, int pages);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// Copies everything soon and leaves the log's file empty: what was erased is gone from the disk then. Any thread.
  void empty_log();

  /// Copies the rest when it is due. On the writer's thread, between two transactions.
  void finish();

 private:
  void committed(int pages_in_log);
  void serve();
  void copy();

  Connection& writer_;
  const int pages_;
  Connection connection_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool due_ = false;
  bool must_empty_ = false;
  bool closed_ = false;
  std::atomic<bool> rest_is_due_ = false;
  std::thread thread_;
};

}  // namespace codelab::infra::sqlite
