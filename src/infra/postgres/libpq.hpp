#pragma once

#include <memory>
#include <string>

#include <libpq-fe.h>

/// Private to this folder's .cpp files: the only way in for libpq-fe.h.
namespace codelab::infra::postgres {

struct FinishConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using OwnedConnection = std::unique_ptr<PGconn, FinishConnection>;

/// What libpq says last went wrong, on one line. It never holds the password.
std::string reason_of(const PGconn* connection);

}  // namespace codelab::infra::postgres
