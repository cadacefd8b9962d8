#include "http/server/connection.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include "base/log.hpp"

namespace codelab::http::server {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// What a connection reads at once; also enough for nearly every request.
/// Whoever has connected just before a drain may still ask once.
constexpr std::chrono::milliseconds kFirstRequestWait{1'000};
constexpr std::size_t kReadBytes = 8'192;
constexpr std::size_t kBulkReadBytes = 65'536;
constexpr std::size_t kLeastRoom = 1024;
/// What linger() reads before it gives up on a peer that sends on and on.
constexpr std::size_t kLingerBytes = 1'048'576;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string address_of(const Socket& socket) {
  error_code error;
  const auto peer = socket.remote_endpoint(error);
  return error ? std::string() : peer.address().to_string();
}

}  // namespace

Connection::Connection(std::shared_ptr<Worker> worker, Socket socket, bool admitted)
    : worker_(std::move(worker)),
      socket_(std::move(socket)),
      remote_address_(address_of(socket_)),
      reader_(worker_->limits()),
      started_at_(SteadyClock::now()),
      admitted_(admitted) {}

base::Task<> Connection::run() {
  const auto self = shared_from_this();
  try {
    co_await serve();
  } catch (const std::exception& failure) {
    // The end of a drain interrupts whatever still runs: that is no failure.
    if (!worker_->draining()) base::log::error("http_connection_failed", {{"reason", failure.what()}});
  }
  close();
}

base::Task<> Connection::serve() {
  bool usable = admitted_;
  if (!admitted_) co_await refuse(503);
  while (usable) {
    const ReadEnd end = co_await read_request();
    if (end == ReadEnd::closed) co_return;
    if (end == ReadEnd::failed) {
      const unsigned status = timed_out_ ? 408 : reader_.error_status();
      co_await refuse(status);
      break;
    }
    asked_ = true;
    Request request = reader_.take();
    request.remote_address = remote_address_;
    usable = co_await answer(std::move(request));
  }
  co_await linger();
}

base::Task<Connection::ReadEnd> Connection::read_request() {
  enter(Phase::idle);
  for (;;) {
    const RequestReader::State state = reader_.advance(input_);
    if (reader_.started() && phase_ == Phase::idle) note_first_byte();
    if (state == RequestReader::State::complete) co_return ReadEnd::complete;
    if (state == RequestReader::State::failed) co_return ReadEnd::failed;
    if (state == RequestReader::State::wants_continue) {
      output_.add(kContinue);
      const bool sent = co_await flush();
      if (!sent) co_return ReadEnd::closed;
    }
    if (phase_ == Phase::idle && worker_->draining() && asked_) co_return ReadEnd::closed;
    if (phase_ == Phase::idle && input_.capacity() > kReadBytes) input_.shrink();
    const std::size_t bulk = std::min<std::uint64_t>(reader_.body_remaining(), kBulkReadBytes);
    char* const space = input_.prepare(input_.empty() ? std::max(kReadBytes, bulk) : kLeastRoom);
    const auto room = asio::buffer(space, input_.room());
    const auto [error, count] = co_await socket_.async_read_some(room, kOutcome);
    if (error) co_return read_ended_by(error);
    input_.commit(count);
  }
}

Connection::ReadEnd Connection::read_ended_by(const error_code& error) {
  const bool too_slow = error == asio::error::operation_aborted && timed_out_ && phase_ == Phase::reading;
  return too_slow ? ReadEnd::failed : ReadEnd::closed;
}

base::Task<bool> Connection::answer(Request request) {
  const Method method = request.method;
  enter(Phase::handling);
  Response response = co_await worker_->handler().handle(std::move(request));
  const unsigned status = response.status;
  const std::size_t route = response.route;
  const Framing framing = framing_of(response, reader_.is_http_1_0());
  bool usable = reader_.keep_alive() && worker_->keeps_connections() && framing != Framing::until_close;
  start_answer(response, method, usable);
  bool sent = write_some();
  if (sent && !output_.empty()) sent = co_await flush();
  if (response.stream && sent && method != Method::head && framing != Framing::none) {
    answered_after_ = SteadyClock::now() - started_at_;
    std::shared_ptr<BodyStream> stream = std::move(response.stream);
    response = Response();
    sent = co_await send_stream(std::move(stream), framing);
  } else if (response.stream) {
    response.stream->close();
  }
  record(method, status, route);
  if (!sent) usable = false;
  co_return usable;
}

base::Task<> Connection::refuse(unsigned status) {
  const std::string request_id = reader_.request_id();
  const Response response = worker_->handler().connection_error(status, request_id);
  const Method method = reader_.method();
  start_answer(response, method, false);
  co_await flush();
  record(method, response.status, response.route);
}

base::Task<> Connection::linger() {
  enter(Phase::lingering);
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  std::size_t total = 0;
  while (total < kLingerBytes && !timed_out_) {
    input_.consume(input_.size());
    char* const space = input_.prepare(kReadBytes);
    const auto room = asio::buffer(space, input_.room());
    const auto [error, count] = co_await socket_.async_read_some(room, kOutcome);
    if (error) break;
    total += count;
  }
}

void Connection::close() {
  error_code ignored;
  socket_.close(ignored);
  stream_.reset();
  worker_->remove(*this);
}

void Connection::check_deadline(SteadyClock::time_point now) {
  if (now < deadline_) return;
  timed_out_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

void Connection::begin_drain() {
  if (phase_ == Phase::streaming) close_stream();
  if (phase_ != Phase::idle) return;
  if (!asked_) {
    deadline_ = std::min(deadline_, SteadyClock::now() + kFirstRequestWait);
    return;
  }
  error_code ignored;
  if (socket_.available(ignored) == 0) socket_.cancel(ignored);
}

base::Task<bool> Connection::flush() {
  const auto outer_deadline = deadline_;
  bool alive = write_some();
  while (alive && !output_.empty()) {
    timed_out_ = false;
    deadline_ = SteadyClock::now() + worker_->limits().write_time;
    const auto [error] = co_await socket_.async_wait(Socket::wait_write, kOutcome);
    alive = !error && write_some();
  }
  deadline_ = outer_deadline;
  co_return alive;
}

bool Connection::write_some() {
  while (!output_.empty()) {
    error_code error;
    const std::size_t sent = socket_.write_some(output_.parts(), error);
    if (error == asio::error::would_block) return true;
    if (error) return false;
    bytes_out_ += sent;
    output_.consume(sent);
  }
  return true;
}

void Connection::start_answer(const Response& response, Method method, bool keep_alive) {
  enter(Phase::writing);
  output_ = Output();
  head_.clear();
  append_head(head_, response, {method, reader_.is_http_1_0(), keep_alive, worker_->date()});
  output_.add(head_);
  const bool has_body = framing_of(response, reader_.is_http_1_0()) == Framing::length && method != Method::head;
  if (has_body) output_.add(response.body);
}

void Connection::record(Method method, unsigned status, std::size_t route) {
  const auto streamed = std::exchange(answered_after_, {});
  const auto duration = streamed.count() > 0 ? streamed : SteadyClock::now() - started_at_;
  worker_->observer().request_done({.method = method,
                                    .status = status,
                                    .route = route,
                                    .bytes_in = reader_.bytes(),
                                    .bytes_out = std::exchange(bytes_out_, 0),
                                    .duration = duration});
}

void Connection::enter(Phase phase) {
  phase_ = phase;
  timed_out_ = false;
  switch (phase) {
    case Phase::idle:
      deadline_ = SteadyClock::now() + (worker_->draining() ? kFirstRequestWait : worker_->limits().idle_time);
      return;
    case Phase::reading:
      deadline_ = started_at_ + worker_->limits().request_time;
      return;
    case Phase::lingering:
      deadline_ = SteadyClock::now() + worker_->limits().linger_time;
      return;
    case Phase::handling:
    case Phase::writing:
    case Phase::streaming:
      deadline_ = SteadyClock::time_point::max();
      return;
  }
}

void Connection::note_first_byte() {
  started_at_ = SteadyClock::now();
  enter(Phase::reading);
}

}  // namespace codelab::http::server
