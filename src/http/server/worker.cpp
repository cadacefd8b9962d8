#include "http/server/worker.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/log.hpp"
#include "http/server/connection.hpp"
#include "http/server/response_head.hpp"

namespace codelab::http::server {
namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;

namespace {

/// Connections past the limit that may be told 503 at the same time; further ones are closed without a word.
constexpr std::size_t kRefusedAtOnce = 100;
/// After a failed accept, which mostly means that the process is out of file descriptors.
constexpr milliseconds kAcceptPause{100};
/// Connections that may wait in the kernel's queue when a drain begins.
constexpr int kWaitingAtMost = 4'096;

milliseconds tick_of(const ServerLimits& limits) {
  const auto shortest = std::min({limits.request_time, limits.idle_time, limits.write_time, limits.linger_time});
  return std::clamp(shortest / 4, milliseconds(5), milliseconds(1000));
}

}  // namespace

Worker::Worker(std::shared_ptr<Shared> shared, Acceptor acceptor)
    : shared_(std::move(shared)), acceptor_(std::move(acceptor)) {}

base::Task<> Worker::accept_loop() {
  const auto self = shared_from_this();
  asio::steady_timer pause(acceptor_.get_executor());
  while (!draining_) {
    auto [error, socket] = co_await acceptor_.async_accept(kOutcome);
    if (error == asio::error::operation_aborted) break;
    if (!error) {
      admit(std::move(socket));
      continue;
    }
    if (error == asio::error::connection_aborted) continue;
    if (draining_) break;
    base::log::warning("accept_failed", {{"reason", error.message()}});
    pause.expires_after(kAcceptPause);
    co_await pause.async_wait(kOutcome);
  }
}

void Worker::admit(Socket socket) {
  const std::size_t others = shared_->open_connections.load();
  if (others >= limits().connections + kRefusedAtOnce) return;
  error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket.non_blocking(true, ignored);
  const auto connection =
      std::make_shared<Connection>(shared_from_this(), std::move(socket), others < limits().connections);
  add(*connection);
  if (!shared_->connections.spawn(acceptor_.get_executor(), connection->run())) remove(*connection);
}

base::Task<> Worker::watch_deadlines() {
  const auto self = shared_from_this();
  asio::steady_timer timer(acceptor_.get_executor());
  for (;;) {
    timer.expires_after(tick_of(limits()));
    const auto [error] = co_await timer.async_wait(kOutcome);
    if (error) co_return;
    const auto now = SteadyClock::now();
    for (Connection* connection : connections_) connection->check_deadline(now);
  }
}

void Worker::begin_drain() {
  draining_ = true;
  take_waiting();
  error_code ignored;
  acceptor_.close(ignored);
  for (Connection* connection : connections_) connection->begin_drain();
}

void Worker::take_waiting() {
  error_code error;
  acceptor_.non_blocking(true, error);
  for (int i = 0; i < kWaitingAtMost && !error; ++i) {
    Socket socket(acceptor_.get_executor());
    acceptor_.accept(socket, error);
    if (!error) admit(std::move(socket));
  }
}

void Worker::add(Connection& connection) {
  connection.index = connections_.size();
  connections_.push_back(&connection);
  shared_->open_connections.fetch_add(1);
  observer().connection_opened();
}

void Worker::remove(Connection& connection) {
  connections_[connection.index] = connections_.back();
  connections_[connection.index]->index = connection.index;
  connections_.pop_back();
  shared_->open_connections.fetch_sub(1);
  observer().connection_closed();
}

std::string_view Worker::date() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t second = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  if (second != std::exchange(date_second_, second)) date_ = format_http_date(second);
  return date_;
}

}  // namespace codelab::http::server
