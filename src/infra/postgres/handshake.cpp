#include "infra/postgres/handshake.hpp"

#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "base/store_error.hpp"

namespace codelab::infra::postgres {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

/// libpq's view of an address: arrays that end with a null.
struct Keywords {
  explicit Keywords(const Address& address) {
    for (const auto& [keyword, value] : address.parameters()) {
      names.push_back(keyword.c_str());
      values.push_back(value.c_str());
    }
    names.push_back(nullptr);
    values.push_back(nullptr);
  }
  std::vector<const char*> names;
  std::vector<const char*> values;
};

[[noreturn]] void throw_refused(const Address& address, std::string_view reason) {
  throw base::StoreError(fmt::format("postgres: no connection to {}: {}", address.where(), reason));
}

/// Waits on the socket of a connection that is being made. libpq may change the socket from step to step, and it stays
/// libpq's: here it is only watched.
class SocketWatch {
 public:
  SocketWatch(const base::Executor& executor, std::chrono::milliseconds timeout)
      : state_(std::make_shared<State>(executor)) {
    state_->timer.expires_after(timeout);
    state_->timer.async_wait([state = state_](const boost::system::error_code& failure) {
      if (failure) return;
      state->expired = true;
      if (state->socket.is_open()) state->socket.cancel();
    });
  }
  ~SocketWatch() { state_->timer.cancel(); }
  SocketWatch(const SocketWatch&) = delete;
  SocketWatch& operator=(const SocketWatch&) = delete;

  bool expired() const { return state_->expired; }

  base::Task<> wait(int socket, Descriptor::wait_type direction) {
    const Borrowed borrowed(state_->socket, socket);
    boost::system::error_code cancelled;
    co_await state_->socket.async_wait(direction, asio::redirect_error(asio::use_awaitable, cancelled));
  }

 private:
  struct State {
    explicit State(const base::Executor& executor) : socket(executor), timer(executor) {}
    Descriptor socket;
    asio::steady_timer timer;
    bool expired = false;
  };
  struct Borrowed {
    Borrowed(Descriptor& watched, int socket) : descriptor(watched) { descriptor.assign(socket); }
    ~Borrowed() { descriptor.release(); }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    Descriptor& descriptor;
  };

  std::shared_ptr<State> state_;
};

}  // namespace

base::Task<OwnedConnection> connect(Address address, std::chrono::milliseconds timeout) {
  SocketWatch watch(co_await asio::this_coro::executor, timeout);
  const Address found = co_await address.resolved();
  const Keywords keywords(found);
  OwnedConnection connection(PQconnectStartParams(keywords.names.data(), keywords.values.data(), 0));
  if (!connection || PQstatus(connection.get()) == CONNECTION_BAD) {
    throw_refused(address, reason_of(connection.get()));
  }
  for (auto step = PGRES_POLLING_WRITING; step != PGRES_POLLING_OK; step = PQconnectPoll(connection.get())) {
    if (step == PGRES_POLLING_FAILED) throw_refused(address, reason_of(connection.get()));
    if (watch.expired()) throw_refused(address, fmt::format("no answer within {} ms", timeout.count()));
    const auto direction = step == PGRES_POLLING_READING ? Descriptor::wait_read : Descriptor::wait_write;
    co_await watch.wait(PQsocket(connection.get()), direction);
  }
  if (PQsetnonblocking(connection.get(), 1) != 0 || PQenterPipelineMode(connection.get()) == 0) {
    throw_refused(address, reason_of(connection.get()));
  }
  co_return connection;
}

bool answers(Address address, std::chrono::seconds timeout) {
  address.set("connect_timeout", fmt::format("{}", timeout.count()));
  const Keywords keywords(address);
  const auto said = PQpingParams(keywords.names.data(), keywords.values.data(), 0);
  return said == PQPING_OK || said == PQPING_NO_ATTEMPT;
}

OwnedConnection connect_blocking(Address address, std::chrono::seconds timeout) {
  address.set("connect_timeout", fmt::format("{}", timeout.count()));
  const Keywords keywords(address);
  OwnedConnection connection(PQconnectdbParams(keywords.names.data(), keywords.values.data(), 0));
  if (!connection || PQstatus(connection.get()) != CONNECTION_OK) {
    throw_refused(address, reason_of(connection.get()));
  }
  return connection;
}

}  // namespace codelab::infra::postgres
