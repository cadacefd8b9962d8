#pragma once

#include <chrono>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace codelab::http::server {

/// Bound to the concrete executor: an operation costs no indirect call.
using IoExecutor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, IoExecutor>;
using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, IoExecutor>;

using SteadyClock = std::chrono::steady_clock;

/// Awaits an operation as (error_code, results...): errors of the network are outcomes here, not exceptions.
inline constexpr auto kOutcome = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace codelab::http::server
