#include "infra/sqlite/batch.hpp"

#include "base/log.hpp"
#include "base/store_error.hpp"

namespace codelab::infra::sqlite {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Sql kBegin = "BEGIN IMMEDIATE";
constexpr Sql kCommit = "COMMIT";
constexpr Sql kRollback = "ROLLBACK";
constexpr Sql kBeginJob = "SAVEPOINT job";
constexpr Sql kEndJob = "RELEASE job";
constexpr Sql kUndoJob = "ROLLBACK TO job";

template <class Items>
void cut(Items& items, std::size_t size) {
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(size), items.end());
}

/// Another exception with the same words, for the first one goes to its caller.
[[noreturn]] void throw_alike(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    throw base::StoreError(error.what());
  }
}

}  // namespace

void Batch::begin() { transaction_.sql().execute(kBegin); }

void Batch::run_last() {
  Entry& entry = entries_.back();
  Connection& sql = transaction_.sql();
  const auto before = mark();
  const auto start = SteadyClock::now();
  sql.execute(kBeginJob);
  try {
    entry.job->run(transaction_);
  } catch (...) {
    entry.failure = std::current_exception();
    undo_to(before);
  }
  sql.execute(kEndJob);
  entry.first_step = before.after_commit;
  entry.last_step = transaction_.after_commit_.size();
  observer_.query(entry.job->operation, SteadyClock::now() - start);
}

/// Some failures (a full disk, a failed read) make SQLite undo the whole transaction by itself: no job stands then.
void Batch::undo_to(const Mark& mark) {
  if (!transaction_.sql().in_transaction()) throw_alike(entries_.back().failure);
  transaction_.sql().execute(kUndoJob);
  cut(transaction_.events_, mark.events);
  cut(transaction_.before_commit_, mark.before_commit);
  cut(transaction_.after_commit_, mark.after_commit);
}

Batch::Mark Batch::mark() const {
  return {transaction_.events_.size(), transaction_.before_commit_.size(), transaction_.after_commit_.size()};
}

void Batch::commit() {
  for (auto& step : transaction_.before_commit_) step(transaction_.sql());
  const auto start = SteadyClock::now();
  transaction_.sql().execute(kCommit);
  observer_.commit(entries_.size(), SteadyClock::now() - start);
}

/// Callers whose jobs left steps may have to wait for a search that runs right now, so the others go first.
void Batch::announce(core::events::EventRelay& relay) noexcept {
  for (const auto& event : transaction_.events_) relay.committed(event);
  for (auto& entry : entries_) {
    if (entry.first_step == entry.last_step) resume(entry);
  }
  for (auto& entry : entries_) {
    if (entry.first_step == entry.last_step) continue;
    for (auto step = entry.first_step; step < entry.last_step; ++step) transaction_.after_commit_[step]();
    resume(entry);
  }
}

void Batch::fail(const std::string& reason) noexcept {
  try {
    if (transaction_.sql().in_transaction()) transaction_.sql().execute(kRollback);
  } catch (const std::exception& error) {
    base::log::error("store_rollback_failed", {{"reason", error.what()}});
  }
  for (auto& entry : entries_) {
    if (!entry.failure) entry.failure = std::make_exception_ptr(base::StoreError(reason));
    resume(entry);
  }
}

void Batch::resume(Entry& entry) noexcept { entry.job->resume(std::move(entry.failure)); }

}  // namespace codelab::infra::sqlite
