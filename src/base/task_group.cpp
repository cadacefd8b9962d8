#include "base/task_group.hpp"

#include <condition_variable>
#include <exception>
#include <list>
#include <mutex>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include "base/log.hpp"

namespace codelab::base {
namespace asio = boost::asio;

struct TaskGroup::State {
  struct Entry {
    Executor executor;
    asio::cancellation_signal signal;
  };
  using Entries = std::list<std::shared_ptr<Entry>>;

  explicit State(std::string n) : name(std::move(n)) {}

  void ended(Entries::iterator entry, const std::exception_ptr& failure) {
    const std::scoped_lock lock(mutex);
    if (failure) report(failure);
    entries.erase(entry);
    if (entries.empty()) empty.notify_all();
  }

  /// A task that ends by the cancellation it was sent has not failed.
  void report(const std::exception_ptr& failure) const {
    try {
      std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
      if (cancelled && error.code() == asio::error::operation_aborted) return;
      log::error("background_task_failed", {{"group", name}, {"reason", error.what()}});
    } catch (const std::exception& error) {
      log::error("background_task_failed", {{"group", name}, {"reason", error.what()}});
    }
  }

  const std::string name;
  mutable std::mutex mutex;
  std::condition_variable empty;
  Entries entries;
  bool cancelled = false;
};

TaskGroup::TaskGroup(std::string name) : state_(std::make_shared<State>(std::move(name))) {}
TaskGroup::~TaskGroup() = default;

bool TaskGroup::spawn(const Executor& executor, Task<> task) {
  State::Entries::iterator entry;
  {
    const std::scoped_lock lock(state_->mutex);
    if (state_->cancelled) return false;
    entry = state_->entries.insert(state_->entries.end(), std::make_shared<State::Entry>());
    (*entry)->executor = executor;
  }
  // The signal is touched on the task's own executor only, here and in cancel().
  asio::dispatch(executor, [state = state_, entry, task = std::move(task)]() mutable {
    auto on_end = [state, entry](const std::exception_ptr& failure) { state->ended(entry, failure); };
    auto& own = **entry;
    asio::co_spawn(own.executor, std::move(task), asio::bind_cancellation_slot(own.signal.slot(), std::move(on_end)));
  });
  return true;
}

void TaskGroup::cancel() {
  State::Entries running;
  {
    const std::scoped_lock lock(state_->mutex);
    state_->cancelled = true;
    running = state_->entries;
  }
  for (const auto& entry : running) {
    asio::post(entry->executor, [entry] { entry->signal.emit(asio::cancellation_type::terminal); });
  }
}

bool TaskGroup::drain(std::chrono::milliseconds timeout) {
  std::unique_lock lock(state_->mutex);
  return state_->empty.wait_for(lock, timeout, [this] { return state_->entries.empty(); });
}

std::size_t TaskGroup::size() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->entries.size();
}

}  // namespace codelab::base
