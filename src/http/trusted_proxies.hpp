#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "base/result.hpp"

namespace codelab::http {

/// The fronts whose word counts on whose behalf they ask. Immutable.
class TrustedProxies {
 public:
  /// Addresses and networks ("10.0.0.0/8", "::1"), separated by commas; empty trusts nobody. Errors:
  /// validation_failed, naming what is neither.
  static base::Result<TrustedProxies> parse(std::string_view list);

  /// Who asks: the peer itself, or, when that is trusted, the last in `forwarded_for` (the value of X-Forwarded-For)
  /// that is not. A proxy adds its peer at the end, so what stands before an address that nobody vouches for is not
  /// believed.
  std::string client_of(const std::string& peer, std::string_view forwarded_for) const;

 private:
  struct Network {
    /// 16 bytes; IPv4 as mapped into IPv6.
    boost::asio::ip::address_v6::bytes_type address;
    unsigned prefix_bits = 128;
  };

  bool trusts(const boost::asio::ip::address& address) const;

  std::vector<Network> networks_;
};

}  // namespace codelab::http
