#include "infra/redis/transport.hpp"

#include <optional>
#include <string>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace codelab::infra::redis {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);

}  // namespace

struct Transport::State {
  State(const base::Executor& executor, TlsContext context)
      : resolver(executor), socket(executor), alarm(executor), tls(std::move(context)) {
    if (tls) stream.emplace(socket, *tls);
  }

  void close() {
    error_code ignored;
    resolver.cancel();
    socket.close(ignored);
    is_closed = true;
  }

  tcp::resolver resolver;
  tcp::socket socket;
  asio::steady_timer alarm;
  TlsContext tls;
  std::optional<asio::ssl::stream<tcp::socket&>> stream;
  bool is_closed = false;
  bool is_limited = false;
};

TlsContext make_tls_context(const std::string& ca_file) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
  if (ca_file.empty()) {
    context->set_default_verify_paths();
  } else {
    context->load_verify_file(ca_file);
  }
  context->set_verify_mode(asio::ssl::verify_peer);
  return context;
}

Transport::Transport(const base::Executor& executor, TlsContext tls)
    : state_(std::make_shared<State>(executor, std::move(tls))) {}
Transport::~Transport() = default;

void Transport::limited_until(SteadyTime deadline) {
  state_->is_limited = true;
  state_->alarm.expires_at(deadline);
  state_->alarm.async_wait([weak = std::weak_ptr(state_)](const error_code& replaced) {
    const auto state = weak.lock();
    if (!replaced && state && state->is_limited) state->close();
  });
}

void Transport::unlimited() {
  state_->is_limited = false;
  state_->alarm.cancel();
}

base::Task<error_code> Transport::connect(Endpoint endpoint) {
  State& state = *state_;
  const std::string port = std::to_string(endpoint.port);
  auto [unresolved, addresses] = co_await state.resolver.async_resolve(endpoint.host, port, kAwaitTuple);
  if (unresolved) co_return unresolved;
  if (state.is_closed) co_return asio::error::timed_out;
  auto [unconnected, peer] = co_await asio::async_connect(state.socket, addresses, kAwaitTuple);
  if (state.is_closed) co_return asio::error::timed_out;
  if (unconnected) co_return unconnected;
  error_code ignored;
  state.socket.set_option(tcp::no_delay(true), ignored);
  if (state.stream) {
    SSL_set_tlsext_host_name(state.stream->native_handle(), endpoint.host.c_str());
    state.stream->set_verify_callback(asio::ssl::host_name_verification(endpoint.host));
    auto [refused] = co_await state.stream->async_handshake(asio::ssl::stream_base::client, kAwaitTuple);
    if (state.is_closed) co_return asio::error::timed_out;
    if (refused) co_return refused;
  }
  co_return error_code{};
}

base::Task<error_code> Transport::write(std::string_view bytes) {
  const auto buffer = asio::buffer(bytes.data(), bytes.size());
  if (state_->stream) {
    auto [failure, size] = co_await asio::async_write(*state_->stream, buffer, kAwaitTuple);
    co_return failure;
  }
  auto [failure, size] = co_await asio::async_write(state_->socket, buffer, kAwaitTuple);
  co_return failure;
}

base::Task<Transport::Transferred> Transport::read_some(std::span<char> into) {
  const auto buffer = asio::buffer(into.data(), into.size());
  if (state_->stream) {
    auto [failure, size] = co_await state_->stream->async_read_some(buffer, kAwaitTuple);
    co_return Transferred{failure, size};
  }
  auto [failure, size] = co_await state_->socket.async_read_some(buffer, kAwaitTuple);
  co_return Transferred{failure, size};
}

void Transport::close() { state_->close(); }
bool Transport::is_closed() const { return state_->is_closed; }

}  // namespace codelab::infra::redis
