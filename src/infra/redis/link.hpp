#pragma once

#include <array>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "infra/redis/resp.hpp"
#include "infra/redis/transport.hpp"

namespace codelab::infra::redis {

/// One connection on which the server has let us in: commands go out as bytes, replies come in. One reader and one
/// writer at a time. Used on its executor's thread only.
class Link {
 public:
  Link(const base::Executor& executor, TlsContext tls) : transport_(executor, std::move(tls)) {}

  Transport& transport() { return transport_; }
  /// False when the connection is gone.
  base::Task<bool> write(std::string bytes);
  /// The next reply, or why there will be none.
  base::Task<std::expected<Reply, std::string>> read();
  void close() { transport_.close(); }
  bool is_open() const { return !transport_.is_closed(); }

 private:
  Transport transport_;
  ReplyReader replies_;
  std::array<char, 16'384> received_;
};

/// Why no link came about, for logs; holds no password.
struct LinkFault {
  std::string reason;
};
using OpenedLink = std::expected<std::shared_ptr<Link>, LinkFault>;

/// What is said on a connection before it is used.
struct Greeting {
  std::string user;
  std::string password;
  int database = 0;
  /// Refuse a server that is not a master.
  bool needs_master = false;
  /// Refuse a server that takes connections and is silent, or answers nobody it does not know. Whoever asks something
  /// at once finds that out by itself.
  bool needs_ping = true;
};

/// Connects and greets.
base::Task<OpenedLink> open_link(base::Executor executor, TlsContext tls, Endpoint endpoint, Greeting greeting,
                                 SteadyTime deadline);

/// Sends one command on a link that nobody else uses, and waits for its reply. An error reply is a fault.
base::Task<std::expected<Reply, LinkFault>> ask(std::shared_ptr<Link> link, std::vector<std::string> words);

}  // namespace codelab::infra::redis
