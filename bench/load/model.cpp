#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "load/modes.hpp"
#include "load/wire.hpp"

namespace codelab::load {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr int kWords = 20;

/// A streamed chat completion as OpenAI's API sends it, usage included.
std::string completion() {
  std::string text;
  for (int i = 0; i < kWords; ++i) {
    text += R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"slow",)"
            R"("choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]})"
            "\n\n";
  }
  text += R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"slow",)"
          R"("choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"
          "\n\n"
          R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"slow","choices":[],)"
          R"("usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120}})"
          "\n\n"
          "data: [DONE]\n\n";
  return text;
}

Task<> answer_requests(tcp::socket socket, std::chrono::milliseconds delay) {
  asio::steady_timer timer(socket.get_executor());
  beast::flat_buffer buffer;
  for (;;) {
    http::request<http::string_body> request;
    co_await http::async_read(socket, buffer, request, asio::use_awaitable);
    timer.expires_after(delay);
    co_await timer.async_wait(asio::use_awaitable);
    http::response<http::string_body> response(http::status::ok, request.version());
    response.set(http::field::content_type, "text/event-stream");
    response.body() = completion();
    response.prepare_payload();
    co_await http::async_write(socket, response, asio::use_awaitable);
  }
}

/// A caller that hangs up ends its own connection only.
void ignore(std::exception_ptr) {}

Task<> accept_all(tcp::acceptor& acceptor, std::chrono::milliseconds delay) {
  for (;;) {
    auto socket = co_await acceptor.async_accept(asio::use_awaitable);
    socket.set_option(tcp::no_delay(true));
    asio::co_spawn(acceptor.get_executor(), answer_requests(std::move(socket), delay), ignore);
  }
}

}  // namespace

void run_model(const Options& options) {
  const std::chrono::milliseconds delay(static_cast<int>(options.number("delay-ms")));
  asio::io_context context(1);
  tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  std::printf("%u\n", acceptor.local_endpoint().port());
  std::fflush(stdout);
  asio::co_spawn(context, accept_all(acceptor, delay), asio::detached);
  context.run();
}

}  // namespace codelab::load
