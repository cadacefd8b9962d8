#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

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
};

/// A database of its own on the shared server, migrated (by a copy of a template) or empty; dropped in the end.
class PostgresDatabase {
 public:
  enum class Schema : std::uint8_t { migrated, empty };

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
  std::string name_;
};

/// Runs SQL on a connection of its own and returns the rows of the last statement: columns joined by '|', no value as
/// nothing. Throws std::runtime_error with the server's words.
std::vector<std::string> query_postgres(const std::string& address, const std::string& sql);

}  // namespace codelab::tests
