#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace codelab::tests {

/// What a client sent.
struct SeenRequest {
  /// The request line and the header lines, as they came.
  std::string head;
  std::string body;

  bool has(std::string_view text) const { return head.find(text) != std::string::npos; }
};

/// What the server does with one request: sends the pieces one by one, then `after`.
struct Reply {
  enum class After : std::uint8_t { keep_alive, close, reset, hang };

  std::vector<std::string> pieces = {};
  After after = After::keep_alive;
  /// Before the first piece, resp. before each further one, it waits for release().
  bool hold_first = false;
  bool hold_each = false;
};

inline Reply plain_reply(int status, std::string_view body, std::string_view headers = {}) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Scripted\r\n";
  text.append(headers).append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  return {.pieces = {text}};
}

/// The head of an answer whose body follows in chunks and the frames of those chunks.
inline std::string chunked_head(std::string_view content_type = "text/event-stream") {
  return std::string("HTTP/1.1 200 OK\r\nContent-Type: ")
      .append(content_type)
      .append("\r\nTransfer-Encoding: chunked\r\n\r\n");
}
inline std::string chunk(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string size;
  for (std::size_t left = bytes.size(); left > 0; left /= 16) size.insert(size.begin(), kDigits[left % 16]);
  return size.append("\r\n").append(bytes).append("\r\n");
}
inline std::string last_chunk() { return "0\r\n\r\n"; }

/// A real HTTP/1.1 server on a free port of 127.0.0.1, on its own thread, that does what its script says.
class ScriptedServer {
  using tcp = boost::asio::ip::tcp;
  template <class T>
  using Awaitable = boost::asio::awaitable<T>;

 public:
  using Script = std::function<Reply(const SeenRequest&)>;

  explicit ScriptedServer(Script script)
      : script_(std::move(script)), acceptor_(context_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {
    boost::asio::co_spawn(context_, accept_all(), boost::asio::detached);
    thread_ = std::thread([this] { context_.run(); });
  }
  ~ScriptedServer() {
    context_.stop();
    thread_.join();
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()).append(path);
  }
  std::vector<SeenRequest> seen() const {
    const std::scoped_lock lock(mutex_);
    return seen_;
  }
  std::size_t connections() const {
    const std::scoped_lock lock(mutex_);
    return connections_;
  }
  /// Lets one waiting reply go on; remembered when none waits yet.
  void release() {
    boost::asio::post(context_, [this] {
      ++released_;
      turnstile_.cancel();
    });
  }
  /// False when it does not come true within the watchdog's time.
  bool wait_for_requests(std::size_t count) {
    return wait([&] { return seen_.size() >= count; });
  }
  /// Clients that went away from a reply that hangs.
  bool wait_for_gone(std::size_t count) {
    return wait([&] { return gone_ >= count; });
  }

 private:
  static constexpr auto kTuple = boost::asio::as_tuple(boost::asio::use_awaitable);

  template <class Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), condition);
  }
  template <class Change>
  void note(Change change) {
    const std::scoped_lock lock(mutex_);
    change();
    changed_.notify_all();
  }

  Awaitable<void> accept_all() {
    for (;;) {
      auto [failure, socket] = co_await acceptor_.async_accept(kTuple);
      if (failure) co_return;
      socket.set_option(tcp::no_delay(true));
      note([this] { ++connections_; });
      boost::asio::co_spawn(context_, serve(std::move(socket)), boost::asio::detached);
    }
  }

  Awaitable<void> serve(tcp::socket socket) {
    std::string buffer;
    for (;;) {
      SeenRequest request;
      const bool got = co_await read_request(socket, buffer, request);
      if (!got) co_return;
      note([this, &request] { seen_.push_back(request); });
      const Reply reply = script_(request);
      const bool sent = co_await send(socket, reply);
      if (!sent || reply.after == Reply::After::close) co_return;
      if (reply.after == Reply::After::reset) socket.set_option(boost::asio::socket_base::linger(true, 0));
      if (reply.after == Reply::After::reset) co_return;
      if (reply.after == Reply::After::hang) co_return co_await wait_until_gone(socket);
    }
  }

  Awaitable<bool> read_request(tcp::socket& socket, std::string& buffer, SeenRequest& request) {
    auto input = boost::asio::dynamic_buffer(buffer);
    const auto [failure, head_size] = co_await boost::asio::async_read_until(socket, input, "\r\n\r\n", kTuple);
    if (failure) co_return false;
    request.head = buffer.substr(0, head_size);
    buffer.erase(0, head_size);
    const auto at = request.head.find("Content-Length: ");
    const std::size_t size = at == std::string::npos ? 0 : std::stoul(request.head.substr(at + 16));
    while (buffer.size() < size) {
      std::string more(size - buffer.size(), '\0');
      auto space = boost::asio::buffer(more);
      const auto [cut, count] = co_await socket.async_read_some(space, kTuple);
      if (cut) co_return false;
      buffer.append(more, 0, count);
    }
    request.body = buffer.substr(0, size);
    buffer.erase(0, size);
    co_return true;
  }

  Awaitable<bool> send(tcp::socket& socket, const Reply& reply) {
    for (std::size_t i = 0; i < reply.pieces.size(); ++i) {
      if (i == 0 ? reply.hold_first : reply.hold_each) co_await wait_for_release();
      auto bytes = boost::asio::buffer(reply.pieces[i]);
      const auto [failure, count] = co_await boost::asio::async_write(socket, bytes, kTuple);
      if (failure) co_return false;
    }
    co_return true;
  }

  Awaitable<void> wait_for_release() {
    while (released_ == 0) co_await turnstile_.async_wait(kTuple);
    --released_;
  }

  Awaitable<void> wait_until_gone(tcp::socket& socket) {
    char byte = 0;
    auto space = boost::asio::buffer(&byte, 1);
    co_await socket.async_read_some(space, kTuple);
    note([this] { ++gone_; });
  }

  Script script_;
  boost::asio::io_context context_;
  tcp::acceptor acceptor_;
  /// Never goes off: release() wakes whoever waits on it.
  boost::asio::steady_timer turnstile_{context_, std::chrono::steady_clock::time_point::max()};
  int released_ = 0;
  std::thread thread_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<SeenRequest> seen_;
  std::size_t connections_ = 0;
  std::size_t gone_ = 0;
};

}  // namespace codelab::tests
