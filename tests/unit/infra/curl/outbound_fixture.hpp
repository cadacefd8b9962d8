#pragma once

#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "base/cores.hpp"
#include "infra/curl/curl_client.hpp"

namespace codelab::tests {

/// A task on its way, with the means to cancel it.
template <class T>
class Running {
 public:
  Running(base::Executor executor, base::Task<T> task) : executor_(std::move(executor)) {
    auto token = boost::asio::bind_cancellation_slot(signal_->slot(), boost::asio::use_future);
    future_ = boost::asio::co_spawn(executor_, std::move(task), token);
  }

  void cancel() {
    boost::asio::post(executor_, [signal = signal_] { signal->emit(boost::asio::cancellation_type::terminal); });
  }
  bool ended() const { return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }
  /// Rethrows what the task threw; the watchdog throws too.
  T get() {
    if (future_.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
      throw std::runtime_error("the task did not end");
    }
    return future_.get();
  }

 private:
  base::Executor executor_;
  std::shared_ptr<boost::asio::cancellation_signal> signal_ = std::make_shared<boost::asio::cancellation_signal>();
  std::future<T> future_;
};

/// Keeps the chunks it gets and answers each with the same word.
class Collector final : public infra::curl::ChunkSink {
 public:
  using Flow = infra::curl::Flow;

  explicit Collector(Flow flow = Flow::flowing) : flow_(flow) {}
  Flow on_chunk(std::string_view bytes) override {
    text += bytes;
    if (on_bytes) on_bytes();
    return flow_;
  }

  std::string text;
  std::function<void()> on_bytes;

 private:
  Flow flow_;
};

inline infra::curl::HttpRequest get(std::string url) {
  infra::curl::HttpRequest request;
  request.url = std::move(url);
  return request;
}

/// Two running cores and their HTTP clients.
class OutboundTest : public ::testing::Test {
 protected:
  OutboundTest() {
    // A proxy of the machine's must not come between the tests and their servers.
    ::setenv("no_proxy", "127.0.0.1", 1);
    cores_.start();
  }
  ~OutboundTest() override { cores_.stop(); }

  template <class T>
  Running<T> spawn(base::Task<T> task, std::size_t core = 0) {
    return Running<T>(cores_.executor(core), std::move(task));
  }
  template <class T>
  T run(base::Task<T> task) {
    return spawn(std::move(task)).get();
  }
  base::Task<infra::curl::HttpOutcome> perform(infra::curl::HttpRequest request,
                                               infra::curl::ChunkSink* sink = nullptr) {
    auto outcome = co_await clients_.local().perform(std::move(request), sink);
    co_return outcome;
  }

  base::Cores cores_{2};
  infra::curl::CurlClients clients_{cores_};
};

}  // namespace codelab::tests
