// The part of Connection that sends an answer while it is produced.
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "http/server/connection.hpp"

namespace codelab::http::server {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// While a stream is open its peer is expected to be silent.
constexpr std::size_t kWatchBytes = 256;

class CountedStream {
 public:
  explicit CountedStream(ServerObserver& observer) : observer_(observer) { observer_.stream_opened(); }
  ~CountedStream() { observer_.stream_closed(); }
  CountedStream(const CountedStream&) = delete;
  CountedStream& operator=(const CountedStream&) = delete;

 private:
  ServerObserver& observer_;
};

void write_chunk_head(std::string& out, std::size_t size) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
  out.assign(digits.data(), end).append("\r\n");
}

}  // namespace

base::Task<bool> Connection::send_stream(std::shared_ptr<BodyStream> stream, Framing framing) {
  const CountedStream counted(worker_->observer());
  stream_ = std::move(stream);
  peer_gone_ = false;
  input_.shrink();
  head_.clear();
  head_.shrink_to_fit();
  enter(Phase::streaming);
  watch_peer();
  if (worker_->draining()) close_stream();
  bool usable = co_await pump_stream(framing);
  close_stream();
  co_await stop_watching();
  if (peer_gone_) usable = false;
  if (usable && framing == Framing::chunked) {
    output_.add("0\r\n\r\n");
    usable = co_await flush();
  }
  co_return usable;
}

base::Task<bool> Connection::pump_stream(Framing framing) {
  while (stream_) {
    const std::shared_ptr<BodyStream> stream = stream_;
    const std::optional<std::string> piece = co_await stream->next();
    if (peer_gone_) co_return false;
    if (!piece) {
      stream_.reset();
      break;
    }
    if (piece->empty()) continue;
    if (framing == Framing::chunked) write_chunk_head(head_, piece->size());
    output_.add(head_);
    output_.add(*piece);
    if (framing == Framing::chunked) output_.add("\r\n");
    const bool sent = co_await flush();
    if (!sent) co_return false;
  }
  co_return true;
}

void Connection::close_stream() noexcept {
  if (const auto stream = std::exchange(stream_, nullptr)) stream->close();
}

/// Reads beside the writer. Whatever the peer sends belongs to its next request.
void Connection::watch_peer() {
  if (watching_ || input_.size() >= worker_->limits().pipelined_bytes) return;
  watching_ = true;
  char* const space = input_.prepare(kWatchBytes);
  socket_.async_read_some(
      asio::buffer(space, input_.room()),
      [self = shared_from_this()](const error_code& error, std::size_t count) { self->on_peer_event(error, count); });
}

void Connection::on_peer_event(const error_code& error, std::size_t count) {
  watching_ = false;
  if (!error) input_.commit(count);
  if (error && error != asio::error::operation_aborted) {
    peer_gone_ = true;
    close_stream();
    return;
  }
  // A deadline of the writer that passed as it was met interrupts this read too.
  if (phase_ == Phase::streaming && socket_.is_open()) watch_peer();
}

base::Task<> Connection::stop_watching() {
  enter(Phase::writing);
  const auto executor = socket_.get_executor();
  while (watching_) {
    error_code ignored;
    socket_.cancel(ignored);
    co_await asio::post(executor, asio::use_awaitable);
  }
}

}  // namespace codelab::http::server
