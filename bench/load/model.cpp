#include <array>
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

std::string chunk(const std::string& choice_and_rest) {
  return R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"slow","choices":[)" +
         choice_and_rest + "}\n\n";
}

std::string piece(const std::string& escaped) {
  return chunk(R"({"index":0,"delta":{"content":")" + escaped + R"("},"finish_reason":null}])");
}

/// The end of a streamed chat completion as OpenAI's API sends it, usage included.
std::string ending() {
  return chunk(R"({"index":0,"delta":{},"finish_reason":"stop"}])") +
         chunk(R"(],"usage":{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120})") + "data: [DONE]\n\n";
}

std::string words() {
  std::string text;
  for (int i = 0; i < kWords; ++i) text += piece("word ");
  return text + ending();
}

/// A plan whose nodes do not depend on one another, spread over the agents that a new user has.
std::string plan(int nodes) {
  static constexpr std::array<const char*, 4> kAgents{"architect", "coder", "debugger", "asker"};
  std::string text = R"({\"goal\":\"all of it\",\"nodes\":[)";
  for (int i = 0; i < nodes; ++i) {
    if (i > 0) text += ',';
    text += R"({\"id\":\"n)" + std::to_string(i) + R"(\",\"agent\":\")" + kAgents[i % kAgents.size()] +
            R"(\",\"instruction\":\"do part )" + std::to_string(i) +
            R"(\",\"expected_output\":\"\",\"depends_on\":[]})";
  }
  return piece(text + "]}") + ending();
}

struct Behaviour {
  std::chrono::milliseconds delay;
  int plan_nodes = 0;
};

Task<> answer_requests(tcp::socket socket, Behaviour behaviour) {
  asio::steady_timer timer(socket.get_executor());
  beast::flat_buffer buffer;
  for (;;) {
    http::request<http::string_body> request;
    co_await http::async_read(socket, buffer, request, asio::use_awaitable);
    timer.expires_after(behaviour.delay);
    co_await timer.async_wait(asio::use_awaitable);
    http::response<http::string_body> response(http::status::ok, request.version());
    response.set(http::field::content_type, "text/event-stream");
    const bool is_planner = request.body().find("\"response_format\"") != std::string::npos;
    response.body() = is_planner ? plan(behaviour.plan_nodes) : words();
    response.prepare_payload();
    co_await http::async_write(socket, response, asio::use_awaitable);
  }
}

/// A caller that hangs up ends its own connection only.
void ignore(std::exception_ptr) {}

Task<> accept_all(tcp::acceptor& acceptor, Behaviour behaviour) {
  for (;;) {
    auto socket = co_await acceptor.async_accept(asio::use_awaitable);
    socket.set_option(tcp::no_delay(true));
    asio::co_spawn(acceptor.get_executor(), answer_requests(std::move(socket), behaviour), ignore);
  }
}

}  // namespace

void run_model(const Options& options) {
  const Behaviour behaviour{.delay = std::chrono::milliseconds(static_cast<int>(options.number("delay-ms"))),
                            .plan_nodes = static_cast<int>(options.number("plan-nodes"))};
  asio::io_context context(1);
  tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  std::printf("%u\n", acceptor.local_endpoint().port());
  std::fflush(stdout);
  asio::co_spawn(context, accept_all(acceptor, behaviour), asio::detached);
  context.run();
}

}  // namespace codelab::load
