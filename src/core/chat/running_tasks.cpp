#include "core/chat/running_tasks.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace codelab::core::chat {

using SteadyClock = std::chrono::steady_clock;

struct RunningTasks::Entry {
  std::mutex mutex;
  bool stopped = false;
  /// What somebody waits on, on its executor.
  std::shared_ptr<boost::asio::steady_timer> waiter;

  bool is_stopped() {
    const std::scoped_lock lock(mutex);
    return stopped;
  }
  void wait_on(std::shared_ptr<boost::asio::steady_timer> timer) {
    const std::scoped_lock lock(mutex);
    waiter = std::move(timer);
  }
};

base::Task<bool> RunningTasks::Hold::stopped(SteadyClock::time_point deadline) {
  const base::Executor executor = co_await boost::asio::this_coro::executor;
  const auto timer = std::make_shared<boost::asio::steady_timer>(executor, deadline);
  const auto entry = entry_;
  entry->wait_on(timer);
  while (!entry->is_stopped() && SteadyClock::now() < deadline) {
    co_await timer->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  co_return entry->is_stopped();
}

RunningTasks::Hold RunningTasks::hold(base::TaskId task) {
  const std::scoped_lock lock(mutex_);
  const auto entry = std::make_shared<Entry>();
  tasks_.insert_or_assign(task, entry);
  return {*this, task, entry};
}

std::vector<base::TaskId> RunningTasks::all() const {
  const std::scoped_lock lock(mutex_);
  std::vector<base::TaskId> ids;
  ids.reserve(tasks_.size());
  for (const auto& [id, entry] : tasks_) ids.push_back(id);
  return ids;
}

void RunningTasks::stop(const base::TaskId& task) {
  std::shared_ptr<Entry> entry;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = tasks_.find(task);
    if (found == tasks_.end()) return;
    entry = found->second;
  }
  const std::scoped_lock lock(entry->mutex);
  entry->stopped = true;
  if (entry->waiter) boost::asio::post(entry->waiter->get_executor(), [timer = entry->waiter] { timer->cancel(); });
}

void RunningTasks::forget(const base::TaskId& task) {
  const std::scoped_lock lock(mutex_);
  tasks_.erase(task);
}

}  // namespace codelab::core::chat
