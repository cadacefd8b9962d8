#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace codelab::load {

template <class T = void>
using Task = boost::asio::awaitable<T>;

struct Reply {
  unsigned status = 0;
  std::string body;

  /// The 36 characters of its first `"id"`; fails when there is none.
  std::string id() const;
};

/// The bytes of a request to 127.0.0.1. `headers` are whole lines, each with its line end.
std::string request_text(std::string_view method, std::string_view path, std::string_view token, std::string_view body,
                         std::string_view headers = "");

/// One keep-alive connection to 127.0.0.1. A broken connection is an exception.
class Wire {
 public:
  Wire(boost::asio::io_context& context, std::uint16_t port) : socket_(context), port_(port) {}

  Task<> connect();
  Task<> send(std::string request);
  /// Sends, and reads the whole answer.
  Task<Reply> exchange(std::string request);
  boost::asio::ip::tcp::socket& socket() { return socket_; }

 private:
  boost::asio::ip::tcp::socket socket_;
  std::uint16_t port_;
};

}  // namespace codelab::load
