#include "http/server/listen_address.hpp"

#include <system_error>

#include <boost/asio/ip/address.hpp>

namespace codelab::http::server {
namespace asio = boost::asio;
using asio::ip::tcp;

tcp::endpoint listen_address(asio::io_context& context, const std::string& host, std::uint16_t port) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (!error) return {address, port};
  tcp::resolver resolver(context);
  const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error);
  if (error || found.empty()) {
    throw std::system_error(std::make_error_code(std::errc::address_not_available),
                            "cannot listen on " + host + ": no such host");
  }
  return found.begin()->endpoint();
}

}  // namespace codelab::http::server
