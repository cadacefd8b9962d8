#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "base/task.hpp"

namespace codelab::tests {

/// Holds who passes until it is opened; one that is cancelled meanwhile throws operation_aborted.
class Gate {
 public:
  explicit Gate(bool open = true) : open_(open) {}

  void close() { open_ = false; }
  void open() {
    open_ = true;
    for (const auto& each : std::exchange(waiting_, {})) {
      if (const auto timer = each.lock()) timer->cancel();
    }
  }

  base::Task<> pass() {
    if (open_) co_return;
    const base::Executor executor = co_await boost::asio::this_coro::executor;
    const auto timer =
        std::make_shared<boost::asio::steady_timer>(executor, boost::asio::steady_timer::time_point::max());
    waiting_.push_back(timer);
    co_await timer->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    if (!open_) throw boost::system::system_error(boost::asio::error::operation_aborted);
  }

 private:
  bool open_;
  std::vector<std::weak_ptr<boost::asio::steady_timer>> waiting_;
};

}  // namespace codelab::tests
