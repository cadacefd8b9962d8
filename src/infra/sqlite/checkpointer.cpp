#include "infra/sqlite/checkpointer.hpp"

#include <utility>

#include "base/log.hpp"
#include "infra/sqlite/sqlite_api.hpp"

namespace codelab::infra::sqlite {
namespace {

/// What the writer may be left with: about a millisecond of work.
constexpr int kShortRest = 128;
/// A writer that is faster than the disk would keep the copying going for ever.
constexpr int kMaxRounds = 4;

/// Pages in the log that are not in the file yet; nullopt when another checkpoint is running or it failed.
std::optional<int> copy_pages(sqlite3* database) {
  int in_log = 0;
  int copied = 0;
  const int code = sqlite3_wal_checkpoint_v2(database, "main", SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied);
  if (code == SQLITE_OK) return in_log - copied;
  if ((code & 0xff) != SQLITE_BUSY) base::log::warning("store_checkpoint_failed", {{"reason", sqlite3_errstr(code)}});
  return std::nullopt;
}

/// Waits for readers and the writer, as long as any statement would.
void truncate(sqlite3* database) {
  const int code = sqlite3_wal_checkpoint_v2(database, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code != SQLITE_OK) base::log::warning("store_log_not_emptied", {{"reason", sqlite3_errstr(code)}});
}

}  // namespace

Checkpointer::Checkpointer(Connection& writer, const std::filesystem::path& file, int pages)
    : writer_(writer), pages_(pages), connection_(file, Access::read_write) {
  const auto hook = [](void* self, sqlite3*, const char*, int pages_in_log) {
    static_cast<Checkpointer*>(self)->committed(pages_in_log);
    return SQLITE_OK;
  };
  sqlite3_wal_hook(writer_.handle(), hook, this);
  thread_ = std::thread([this] { serve(); });
}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
  thread_.join();
  sqlite3_wal_hook(writer_.handle(), nullptr, nullptr);
}

void Checkpointer::committed(int pages_in_log) {
  if (pages_in_log < pages_) return;
  {
    const std::lock_guard lock(mutex_);
    due_ = true;
  }
  changed_.notify_all();
}

void Checkpointer::empty_log() {
  {
    const std::lock_guard lock(mutex_);
    due_ = true;
    must_empty_ = true;
  }
  changed_.notify_all();
}

void Checkpointer::finish() {
  if (rest_is_due_.exchange(false)) copy_pages(writer_.handle());
}

void Checkpointer::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return due_ || closed_; });
    if (closed_) return;
    const bool must_empty = std::exchange(must_empty_, false);
    lock.unlock();
    copy();
    if (must_empty) truncate(connection_.handle());
    lock.lock();
    due_ = must_empty_;
  }
}

void Checkpointer::copy() {
  std::optional<int> rest;
  for (int round = 0; round < kMaxRounds; ++round) {
    rest = copy_pages(connection_.handle());
    if (!rest || *rest <= kShortRest) break;
  }
  if (rest) rest_is_due_ = true;
}

}  // namespace codelab::infra::sqlite
