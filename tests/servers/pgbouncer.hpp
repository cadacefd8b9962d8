#pragma once

#include <string>
#include <sys/types.h>

#include "tests/contract/temporary_folder.hpp"
#include "tests/servers/postgres_server.hpp"

namespace codelab::tests {

/// A PgBouncer in transaction mode before a PostgresServer, with fewer connections to it than its clients have to
/// PgBouncer. Throws std::runtime_error when it cannot be had.
class PgBouncer {
 public:
  explicit PgBouncer(const PostgresServer& server);
  ~PgBouncer();
  PgBouncer(const PgBouncer&) = delete;
  PgBouncer& operator=(const PgBouncer&) = delete;

  /// Before the shared server, started at its first use.
  static PgBouncer& shared();

  /// Where its socket is.
  std::string folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  pid_t process_ = 0;
  int log_ = -1;
};

}  // namespace codelab::tests
