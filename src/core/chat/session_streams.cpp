#include "core/chat/session_streams.hpp"

#include <memory>
#include <utility>

#include <boost/asio/this_coro.hpp>

namespace codelab::core::chat {

base::Task<bool> SessionStreams::may_read(Ports ports, identity::Identity who, base::SessionId session) {
  const bool alive = co_await ports.logins.alive(who.scope, who.session);
  if (!alive) co_return false;
  const auto found = co_await ports.sessions.find(who.scope, session);
  co_return found.has_value();
}

/// Joins first and looks afterwards: an end of the login or of the session that came before is seen here, a later one
/// finds the reader among the stream's subscribers and closes it.
base::Task<base::Result<events::StreamReader>> SessionStreams::open(identity::Identity who, base::SessionId session,
                                                                    events::StreamReader::Options options) {
  const base::Executor executor = co_await boost::asio::this_coro::executor;
  auto subscription =
      std::make_shared<events::Subscription>(executor, events::Interest{}, events::Subscription::Bounds{}, who.session);
  options.may_read = [ports = ports_, who, session] { return may_read(ports, who, session); };
  events::StreamReader reader(ports_.stream, who.scope, events::stream_of(session), options, std::move(subscription));
  co_await reader.join();
  const bool alive = co_await ports_.logins.alive(who.scope, who.session);
  if (!alive) co_return identity::ended_login();
  const auto found = co_await ports_.sessions.find(who.scope, session);
  if (!found) co_return found.error();
  co_return reader;
}

}  // namespace codelab::core::chat
