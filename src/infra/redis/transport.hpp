#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include <boost/system/error_code.hpp>

#include "base/task.hpp"
#include "infra/redis/address.hpp"
#include "infra/redis/options.hpp"

namespace boost::asio::ssl {
class context;
}

namespace codelab::infra::redis {

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

/// A context that trusts `ca_file`, or the system's authorities when it is empty. Throws boost::system::system_error
/// for a file that cannot be read.
TlsContext make_tls_context(const std::string& ca_file);

/// A TCP connection, with TLS when it has a context; the server's certificate must then name the host. One reader and
/// one writer at a time. Used on its executor's thread only.
class Transport {
 public:
  Transport(const base::Executor& executor, TlsContext tls);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  struct Transferred {
    boost::system::error_code failure;
    std::size_t bytes = 0;
  };

  /// Closes itself at that time, unless unlimited() comes before.
  void limited_until(SteadyTime deadline);
  void unlimited();
  /// Once.
  base::Task<boost::system::error_code> connect(Endpoint endpoint);
  /// All of `bytes`, which stay the caller's until it ends.
  base::Task<boost::system::error_code> write(std::string_view bytes);
  base::Task<Transferred> read_some(std::span<char> into);
  /// What waits ends with a failure.
  void close();
  bool is_closed() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace codelab::infra::redis
