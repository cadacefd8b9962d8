#include "base/cores.hpp"

#include <algorithm>
#include <exception>

#include "base/log.hpp"

namespace codelab::base {
namespace {

/// An exception that reaches the loop is a handler's fault, not the other connections': it is logged and the loop
/// goes on.
void run_loop(boost::asio::io_context& context) {
  for (;;) {
    try {
      context.run();
      return;
    } catch (const std::exception& failure) {
      log::error("event_loop_exception", {{"reason", failure.what()}});
    }
  }
}

}  // namespace

Cores::Cores(std::size_t count) {
  if (count == 0) count = std::max(1U, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < count; ++i) {
    contexts_.push_back(std::make_unique<boost::asio::io_context>(1));
    guards_.push_back(boost::asio::make_work_guard(*contexts_.back()));
  }
}

Cores::~Cores() { stop(); }

void Cores::start() {
  for (auto& context : contexts_) threads_.emplace_back([&loop = *context] { run_loop(loop); });
}

void Cores::stop() {
  guards_.clear();
  for (auto& context : contexts_) context->stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace codelab::base
