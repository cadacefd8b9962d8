#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

#include <libpq-fe.h>

#include "tests/contract/temporary_folder.hpp"

namespace codelab::tests {

/// A PostgreSQL of this process alone, of the newest version installed: its data in a temporary folder, reached over a
/// socket there. It ends with this process, also when that crashes. Throws std::runtime_error when it cannot be had: no
/// test is skipped.
class PostgresServer {
 public:
  PostgresServer();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// The one that the tests of this process share, started at its first use.
  static PostgresServer& shared();

  /// A connection string. Logins: postgres (superuser), owner (makes roles, owns databases), app (serves).
  std::string address(const std::string& login, const std::string& database) const;

  /// Where its socket is.
  std::string folder() const { return folder_.path(); }
  /// A migrated copy of the template, or an empty database.
  void create_database(const std::string& name, bool migrated = true);
  /// The name of one that was given back, without its rows, if there is one.
  std::optional<std::string> take_cleared();
  /// Migrated, and its schema is as the template's.
  void give_back(std::string name);

  /// Returns when it takes connections.
  void start();
  /// Cuts all connections and returns when it has ended.
  void stop();
  /// The plans that auto_explain has logged since the last call, each with its statement.
  std::vector<std::string> take_plans();

 private:
  void initialize();
  void read_log(int pipe);
  void await_ready();

  TemporaryFolder folder_;
  pid_t process_ = 0;
  std::thread log_reader_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ready_ = false;
  bool ended_ = false;
  std::string log_;
  std::deque<std::string> given_back_;
};

/// A database of its own on the shared server.
class PostgresDatabase {
 public:
  enum class Schema : std::uint8_t {
    /// A copy of the migrated template, dropped in the end.
    migrated,
    /// As migrated, for who changes rows only: one that such a test before it has left, without its rows, if there is
    /// one. To make and to drop a database takes longer than most tests.
    cleared,
    /// Nothing is in it; dropped in the end.
    empty
  };

  explicit PostgresDatabase(Schema schema = Schema::migrated);
  ~PostgresDatabase();
  PostgresDatabase(const PostgresDatabase&) = delete;
  PostgresDatabase& operator=(const PostgresDatabase&) = delete;

  const std::string& name() const { return name_; }
  /// As whom it is served.
  std::string serving() const { return server_.address("app", name_); }
  std::string owner() const { return server_.address("owner", name_); }
  std::string superuser() const { return server_.address("postgres", name_); }

 private:
  PostgresServer& server_;
  Schema schema_;
  std::string name_;
};

/// A connection for a test's own questions.
class PostgresConnection {
 public:
  explicit PostgresConnection(const std::string& address);

  /// The rows of the last statement: columns joined by '|', no value as nothing. Throws std::runtime_error with the
  /// server's words.
  std::vector<std::string> query(const std::string& sql) const;

 private:
  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

/// On a connection of its own.
std::vector<std::string> query_postgres(const std::string& address, const std::string& sql);

}  // namespace codelab::tests
