#include "http/server/server.hpp"

#include <system_error>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/socket_base.hpp>

#include "base/log.hpp"
#include "http/server/listen_address.hpp"
#include "http/server/socket.hpp"
#include "http/server/worker.hpp"

namespace codelab::http::server {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

/// How long the cancelled may take to notice.
constexpr std::chrono::seconds kCancelTime{5};

[[noreturn]] void fail_to_listen(const std::string& host, std::uint16_t port, const error_code& error) {
  throw std::system_error(error.value(), std::system_category(),
                          "cannot listen on " + host + " port " + std::to_string(port));
}

/// Our own acceptors share the port, so the kernel would let a second server share it too: only an exclusive bind
/// finds out whether it is taken.
error_code probe(asio::io_context& context, const tcp::endpoint& endpoint) {
  error_code error;
  tcp::acceptor probe(context);
  probe.open(endpoint.protocol(), error);
  if (!error) probe.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) probe.bind(endpoint, error);
  return error;
}

Acceptor listen(asio::io_context& context, const tcp::endpoint& endpoint, error_code& error) {
  Acceptor acceptor(context.get_executor());
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(Acceptor::reuse_address(true), error);
  if (!error) acceptor.set_option(ReusePort(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(Acceptor::max_listen_connections, error);
  return acceptor;
}

}  // namespace

Server::Server(base::Cores& cores, const ServerLimits& limits, RequestHandler& handler, ServerObserver& observer)
    : cores_(cores), shared_(std::make_shared<Shared>(limits, handler, observer)) {}

Server::~Server() {
  if (!workers_.empty() && !drained_) drain(std::chrono::milliseconds(0));
}

void Server::start(const std::string& host, std::uint16_t port) {
  tcp::endpoint endpoint = listen_address(cores_.context(0), host, port);
  error_code error = probe(cores_.context(0), endpoint);
  if (error) fail_to_listen(host, port, error);
  std::vector<std::shared_ptr<Worker>> workers;
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    Acceptor acceptor = listen(cores_.context(i), endpoint, error);
    if (error) fail_to_listen(host, port, error);
    endpoint.port(acceptor.local_endpoint().port());
    workers.push_back(std::make_shared<Worker>(shared_, std::move(acceptor)));
  }
  port_ = endpoint.port();
  workers_ = std::move(workers);
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    acceptors_.spawn(cores_.executor(i), workers_[i]->accept_loop());
    deadlines_.spawn(cores_.executor(i), workers_[i]->watch_deadlines());
  }
}

void Server::announce_drain() { shared_->leaving = true; }

bool Server::drain(std::chrono::milliseconds grace) {
  drained_ = true;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    asio::post(cores_.executor(i), [worker = workers_[i]] { worker->begin_drain(); });
  }
  acceptors_.drain(kCancelTime);
  const bool finished = shared_->connections.drain(grace);
  if (!finished) {
    base::log::warning("http_drain_cancels", {{"connections", shared_->connections.size()}});
    shared_->connections.cancel();
    if (!shared_->connections.drain(kCancelTime)) base::log::error("http_drain_stuck");
  }
  deadlines_.cancel();
  deadlines_.drain(kCancelTime);
  return finished;
}

}  // namespace codelab::http::server
