#include "infra/sqlite/writer.hpp"

#include "base/log.hpp"

namespace codelab::infra::sqlite {

Writer::Writer(Connection& connection, Checkpointer& checkpointer, Settings settings, const base::Clock& clock,
               core::events::EventRelay& relay, StoreObserver& observer)
    : connection_(connection),
      checkpointer_(checkpointer),
      limits_(settings.batch),
      clock_(clock),
      relay_(relay),
      observer_(observer),
      queue_(StoreQueue::write, settings.queue, observer),
      thread_([this] { serve(); }) {}

Writer::~Writer() {
  queue_.close();
  thread_.join();
}

void Writer::serve() {
  while (auto first = queue_.pop()) {
    run_batch(std::move(first));
    checkpointer_.finish();
  }
}

void Writer::run_batch(Batch::JobPointer first) {
  Batch batch(connection_, clock_, observer_);
  try {
    batch.add(std::move(first));
    batch.begin();
    run_jobs(batch);
    batch.commit();
  } catch (const std::exception& error) {
    base::log::error("store_commit_failed", {{"jobs", batch.size()}, {"reason", error.what()}});
    batch.fail(error.what());
    return;
  }
  batch.announce(relay_);
}

void Writer::run_jobs(Batch& batch) {
  const auto end = std::chrono::steady_clock::now() + limits_.max_time;
  for (;;) {
    batch.run_last();
    if (batch.size() >= limits_.max_jobs || std::chrono::steady_clock::now() >= end) return;
    auto next = queue_.try_pop();
    if (!next) return;
    batch.add(std::move(next));
  }
}

}  // namespace codelab::infra::sqlite
