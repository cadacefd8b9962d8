#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "base/ids.hpp"
#include "base/task.hpp"

namespace codelab::base {

/// One io_context per core, each run by exactly one thread: what lives on a core needs no lock.
class Cores {
 public:
  /// `count` 0 takes the machine's number of cores.
  explicit Cores(std::size_t count);
  ~Cores();
  Cores(const Cores&) = delete;
  Cores& operator=(const Cores&) = delete;

  /// Starts the threads and returns.
  void start();
  /// Stops the contexts at once and joins the threads. Whatever still ran is destroyed with its context.
  void stop();

  std::size_t size() const { return contexts_.size(); }
  boost::asio::io_context& context(std::size_t index) { return *contexts_[index]; }
  Executor executor(std::size_t index) { return contexts_[index]->get_executor(); }
  /// A user's home core: always the same one while the process lives.
  std::size_t home_of(const UserId& user) const { return std::hash<UserId>{}(user) % contexts_.size(); }

 private:
  using WorkGuard = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;

  std::vector<std::unique_ptr<boost::asio::io_context>> contexts_;
  std::vector<WorkGuard> guards_;
  std::vector<std::thread> threads_;
};

}  // namespace codelab::base
