#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "base/task.hpp"

namespace codelab::app {

/// Runs `task` on `executor`, whose thread runs and is not this one, and waits for it: for the start of the program
/// and for commands.
template <class T>
T run_task(const base::Executor& executor, base::Task<T> task) {
  return boost::asio::co_spawn(executor, std::move(task), boost::asio::use_future).get();
}

}  // namespace codelab::app
