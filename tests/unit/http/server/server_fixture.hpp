#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include "base/cores.hpp"
#include "http/message.hpp"
#include "http/server/server.hpp"
#include "raw_client.hpp"

namespace codelab::http::server {

/// Something a test waits for. Ten seconds without it throw.
class Watched {
 public:
  void update(const std::function<void()>& change) {
    const std::scoped_lock lock(mutex_);
    change();
    changed_.notify_all();
  }
  void wait_for(const char* what, const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(10), condition)) {
      throw std::runtime_error(std::string("never happened: ") + what);
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// Lets a coroutine wait for the test: open() from any thread ends the wait; a cancellation makes it throw.
class Gate : public std::enable_shared_from_this<Gate> {
 public:
  base::Task<> pass() {
    const auto self = shared_from_this();
    const base::Executor executor = co_await boost::asio::this_coro::executor;
    const auto timer =
        std::make_shared<boost::asio::steady_timer>(executor, boost::asio::steady_timer::time_point::max());
    bool open = false;
    watched_.update([&] {
      timer_ = timer;
      open = open_;
    });
    if (!open) co_await timer->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    const auto cancellation = co_await boost::asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != boost::asio::cancellation_type::none) throw std::runtime_error("cancelled");
  }
  void wait_until_reached() {
    watched_.wait_for("the gate is reached", [&] { return timer_ != nullptr; });
  }
  void open() {
    watched_.update([&] {
      open_ = true;
      if (timer_) boost::asio::post(timer_->get_executor(), [timer = timer_] { timer->cancel(); });
    });
  }

 private:
  Watched watched_;
  std::shared_ptr<boost::asio::steady_timer> timer_;
  bool open_ = false;
};

/// A stream whose pieces come from the test, one push() at a time.
class PushedStream final : public BodyStream {
 public:
  base::Task<std::optional<std::string>> next() override {
    for (;;) {
      std::shared_ptr<Gate> gate;
      std::optional<std::string> piece;
      bool ended = false;
      watched_.update([&] {
        calls_after_end_ += finished_ ? 1 : 0;
        if (!pieces_.empty()) {
          piece = std::move(pieces_.front());
          pieces_.pop_front();
        } else {
          ended = finished_ = ended_ || closes_ > 0;
        }
        if (!piece && !ended) gate = gate_ = std::make_shared<Gate>();
      });
      if (piece || ended) co_return piece;
      co_await gate->pass();
    }
  }
  void close() noexcept override {
    watched_.update([&] {
      ++closes_;
      wake();
    });
  }

  void push(std::string piece) {
    watched_.update([&] {
      pieces_.push_back(std::move(piece));
      wake();
    });
  }
  void end() {
    watched_.update([&] {
      ended_ = true;
      wake();
    });
  }
  void wait_until_closed() {
    watched_.wait_for("the stream is closed", [&] { return closes_ > 0; });
  }
  int closes() const { return closes_; }
  int calls_after_end() const { return calls_after_end_; }

 private:
  void wake() {
    if (gate_) gate_->open();
  }

  Watched watched_;
  std::deque<std::string> pieces_;
  std::shared_ptr<Gate> gate_;
  bool ended_ = false;
  bool finished_ = false;
  int closes_ = 0;
  int calls_after_end_ = 0;
};

/// Answers by path: `/` with method, path and body; the others as their names say.
class ScriptedHandler final : public RequestHandler {
 public:
  base::Task<Response> handle(Request request) override {
    watched_.update([&] { requests_.push_back(request); });
    if (request.target == "/gate") co_await gate->pass();
    Response response;
    response.headers.add("X-Request-Id", request.request_id);
    if (request.target == "/stream") response.stream = stream;
    if (request.target == "/no-content") response.status = 204;
    if (request.target == "/big") response.body.assign(16U << 20U, 'b');
    if (request.target == "/") response.body = std::string(to_string(request.method)) + " / " + request.body;
    if (request.target == "/split") response.headers.add("X-Bad", "a\r\nX-Injected: 1");
    watched_.update([&] { ++answered_; });
    co_return response;
  }
  Response connection_error(unsigned status, std::string_view request_id) override {
    Response response;
    response.status = status;
    response.headers.add("X-Request-Id", std::string(request_id));
    response.body = "error " + std::to_string(status);
    return response;
  }

  std::vector<Request> requests() {
    std::vector<Request> copy;
    watched_.update([&] { copy = requests_; });
    return copy;
  }
  void wait_until_answered(int count) {
    watched_.wait_for("the handler answers", [&] { return answered_ >= count; });
  }

  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  std::shared_ptr<PushedStream> stream = std::make_shared<PushedStream>();

 private:
  Watched watched_;
  std::vector<Request> requests_;
  int answered_ = 0;
};

class CountingObserver final : public ServerObserver {
 public:
  void connection_opened() noexcept override {
    watched_.update([&] { ++opened_; });
  }
  void connection_closed() noexcept override {
    watched_.update([&] { ++closed_; });
  }
  void request_done(const RequestRecord& record) noexcept override {
    watched_.update([&] { records_.push_back(record); });
  }
  void stream_opened() noexcept override {
    watched_.update([&] { ++streams_opened_; });
  }
  void stream_closed() noexcept override {
    watched_.update([&] { ++streams_closed_; });
  }

  void wait_until_opened(int count) {
    watched_.wait_for("connections open", [&] { return opened_ >= count; });
  }
  void wait_until_all_closed() {
    watched_.wait_for("connections close", [&] { return opened_ > 0 && opened_ == closed_; });
  }
  RequestRecord wait_for_record(std::size_t number = 1) {
    watched_.wait_for("a request is recorded", [&] { return records_.size() >= number; });
    RequestRecord record;
    watched_.update([&] { record = records_[number - 1]; });
    return record;
  }
  void wait_for_streams(int opened, int closed) {
    watched_.wait_for("streams", [&] { return streams_opened_ == opened && streams_closed_ == closed; });
  }

 private:
  Watched watched_;
  int opened_ = 0;
  int closed_ = 0;
  int streams_opened_ = 0;
  int streams_closed_ = 0;
  std::vector<RequestRecord> records_;
};

/// A server on a free port.
class HttpServer : public testing::Test {
 protected:
  explicit HttpServer(std::size_t cores = 2) : cores_(cores) {}
  ~HttpServer() override {
    if (server_) server_->drain(std::chrono::milliseconds(0));
    cores_.stop();
  }

  void start() {
    cores_.start();
    server_ = std::make_unique<Server>(cores_, limits_, handler_, observer_);
    server_->start("127.0.0.1", 0);
  }
  std::uint16_t port() const { return server_->port(); }

  base::Cores cores_;
  ServerLimits limits_;
  ScriptedHandler handler_;
  CountingObserver observer_;
  std::unique_ptr<Server> server_;
};

}  // namespace codelab::http::server
