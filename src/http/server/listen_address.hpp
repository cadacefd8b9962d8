#pragma once

#include <cstdint>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace codelab::http::server {

/// The endpoint that a server listens on: `host` is an address or a name, whose first address is taken. Blocks while a
/// name is resolved; throws std::system_error, in words for an operator, when there is no such host.
boost::asio::ip::tcp::endpoint listen_address(boost::asio::io_context& context, const std::string& host,
                                              std::uint16_t port);

}  // namespace codelab::http::server
