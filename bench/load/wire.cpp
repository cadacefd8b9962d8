#include "load/wire.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "load/options.hpp"

namespace codelab::load {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

std::string Reply::id() const {
  constexpr std::string_view kName = R"("id":")";
  const auto found = body.find(kName);
  if (found == std::string::npos) fail("an answer without an id: " + body);
  return body.substr(found + kName.size(), 36);
}

std::string request_text(std::string_view method, std::string_view path, std::string_view token, std::string_view body,
                         std::string_view headers) {
  std::string text(method);
  text.append(" ").append(path).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ").append(token);
  text.append("\r\n").append(headers);
  if (method == "POST") {
    text.append("Content-Type: application/json\r\nContent-Length: ").append(std::to_string(body.size()));
    text.append("\r\n");
  }
  return text.append("\r\n").append(body);
}

Task<> Wire::connect() {
  const asio::ip::tcp::endpoint server(asio::ip::address_v4::loopback(), port_);
  co_await socket_.async_connect(server, asio::use_awaitable);
  socket_.set_option(asio::ip::tcp::no_delay(true));
}

Task<> Wire::send(std::string request) {
  const auto bytes = asio::buffer(request);
  co_await asio::async_write(socket_, bytes, asio::use_awaitable);
}

Task<Reply> Wire::exchange(std::string request) {
  const auto bytes = asio::buffer(request);
  co_await asio::async_write(socket_, bytes, asio::use_awaitable);
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  co_await http::async_read(socket_, buffer, response, asio::use_awaitable);
  co_return Reply{.status = response.result_int(), .body = std::move(response.body())};
}

}  // namespace codelab::load
