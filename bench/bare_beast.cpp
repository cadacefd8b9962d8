// The least that Beast and Asio coroutines can do: what the server's own cost is compared with. Answers 127 fixed
// bytes to whatever is asked, with one io_context per thread, each with its own acceptor.
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr auto kOutcome = asio::as_tuple(asio::use_awaitable);
const std::string kAnswer(127, 'x');

asio::awaitable<void> serve(tcp::socket socket) {
  beast::flat_buffer buffer;
  buffer.reserve(8192);
  for (;;) {
    http::request_parser<http::string_body> parser;
    const auto [read_error, read] = co_await http::async_read(socket, buffer, parser, kOutcome);
    if (read_error) co_return;
    http::response<http::string_body> response(http::status::ok, parser.get().version());
    response.set(http::field::server, "bare");
    response.set(http::field::content_type, "text/plain");
    response.keep_alive(parser.get().keep_alive());
    response.body() = kAnswer;
    response.prepare_payload();
    const auto [write_error, written] = co_await http::async_write(socket, response, kOutcome);
    if (write_error || !response.keep_alive()) co_return;
  }
}

asio::awaitable<void> accept_all(tcp::acceptor acceptor) {
  for (;;) {
    auto [error, socket] = co_await acceptor.async_accept(kOutcome);
    if (error) continue;
    socket.set_option(tcp::no_delay(true));
    asio::co_spawn(acceptor.get_executor(), serve(std::move(socket)), asio::detached);
  }
}

struct Options {
  std::uint16_t port = 0;
  unsigned threads = 1;
};

template <class Number>
void read_number(std::string_view text, Number& number) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec == std::errc() && result.ptr == text.data() + text.size()) return;
  std::fprintf(stderr, "not a number: %.*s\n", static_cast<int>(text.size()), text.data());
  std::exit(2);
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--port") read_number(argv[i + 1], options.port);
    if (name == "--threads") read_number(argv[i + 1], options.threads);
  }
  return options;
}

}  // namespace

/// bare_beast [--port N] [--threads N]: prints the port it listens on at 127.0.0.1, then serves until it is killed.
int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  tcp::endpoint endpoint(asio::ip::make_address("127.0.0.1"), options.port);
  std::vector<std::unique_ptr<asio::io_context>> contexts;
  for (unsigned i = 0; i < options.threads; ++i) {
    contexts.push_back(std::make_unique<asio::io_context>(1));
    tcp::acceptor acceptor(*contexts.back());
    acceptor.open(endpoint.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.set_option(ReusePort(true));
    acceptor.bind(endpoint);
    acceptor.listen();
    endpoint.port(acceptor.local_endpoint().port());
    asio::co_spawn(*contexts.back(), accept_all(std::move(acceptor)), asio::detached);
  }
  std::printf("%u\n", endpoint.port());
  std::fflush(stdout);
  std::vector<std::jthread> threads;
  for (auto& context : contexts) threads.emplace_back([&loop = *context] { loop.run(); });
}
