#include "tests/servers/postgres_server.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "infra/postgres/migrations.hpp"
#include "tests/servers/process.hpp"

namespace codelab::tests {
namespace {

constexpr std::chrono::seconds kStartTimeout{60};
constexpr const char* kTemplate = "codelab_template";

/// Deletes all rows but what migrations wrote of themselves, without the triggers, as soon as nobody is at work there.
constexpr const char* kClear = R"(
DO $$
DECLARE kept text;
BEGIN
  WHILE EXISTS (SELECT FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
                      AND backend_type = 'client backend') LOOP
    PERFORM pg_sleep(0.001);
    PERFORM pg_stat_clear_snapshot();
  END LOOP;
  SET LOCAL session_replication_role = replica;
  FOR kept IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations' LOOP
    EXECUTE format('DELETE FROM %I', kept);
  END LOOP;
END $$
)";

/// Of the newest version that is installed.
std::string program(const std::string& name) {
  const std::filesystem::path versions = "/usr/lib/postgresql";
  int newest = 0;
  std::error_code missing;
  for (const auto& version : std::filesystem::directory_iterator(versions, missing)) {
    newest = std::max(newest, std::atoi(version.path().filename().c_str()));
  }
  if (newest == 0) throw std::runtime_error("PostgreSQL is not installed: apt-get install postgresql");
  return versions / std::to_string(newest) / "bin" / name;
}

using OwnedResult = std::unique_ptr<PGresult, decltype(&PQclear)>;

}  // namespace

PostgresConnection::PostgresConnection(const std::string& address)
    : connection_(PQconnectdb(address.c_str()), &PQfinish) {}

std::vector<std::string> PostgresConnection::query(const std::string& sql) const {
  const OwnedResult result(PQexec(connection_.get(), sql.c_str()), &PQclear);
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    throw std::runtime_error(PQerrorMessage(connection_.get()));
  }
  std::vector<std::string> rows;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    auto& text = rows.emplace_back();
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      text += fmt::format("{}{}", column > 0 ? "|" : "", PQgetvalue(result.get(), row, column));
    }
  }
  return rows;
}

std::vector<std::string> query_postgres(const std::string& address, const std::string& sql) {
  return PostgresConnection(address).query(sql);
}

PostgresServer::PostgresServer() {
  initialize();
  start();
  query_postgres(address("postgres", "postgres"), "CREATE ROLE owner LOGIN CREATEROLE; CREATE ROLE app LOGIN");
  query_postgres(address("postgres", "postgres"), fmt::format("CREATE DATABASE {} OWNER owner", kTemplate));
  infra::postgres::migrate(infra::postgres::Address(address("owner", kTemplate)),
                           infra::postgres::embedded_migrations(), base::SystemClock().now());
  query_postgres(address("postgres", "postgres"), "GRANT codelab_serving, codelab_operator TO app");
}

PostgresServer::~PostgresServer() { stop(); }

PostgresServer& PostgresServer::shared() {
  static PostgresServer server;
  return server;
}

std::string PostgresServer::address(const std::string& login, const std::string& database) const {
  return fmt::format("host={} user={} dbname={}", folder_.path().string(), login, database);
}

void PostgresServer::create_database(const std::string& name, bool migrated) {
  query_postgres(address("postgres", "postgres"),
                 fmt::format("CREATE DATABASE {} OWNER owner TEMPLATE {}", name, migrated ? kTemplate : "template0"));
}

/// Behind whatever its last user's connections still do: they may be closed on our side only.
std::optional<std::string> PostgresServer::take_cleared() {
  std::unique_lock lock(mutex_);
  if (given_back_.empty()) return {};
  std::string name = std::move(given_back_.front());
  given_back_.pop_front();
  lock.unlock();
  query_postgres(address("postgres", name), kClear);
  return name;
}

void PostgresServer::give_back(std::string name) {
  const std::lock_guard lock(mutex_);
  given_back_.push_back(std::move(name));
}

void PostgresServer::initialize() {
  const std::string log = folder_.path() / "initdb.log";
  const int output = ::open(log.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  give_to_servers(folder());
  const pid_t child = start_server(program("initdb"),
                                   {"-D", folder_.path() / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
                                    "--locale=C", "--no-sync", "--no-instructions"},
                                   output);
  ::close(output);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error("initdb failed (apt-get install postgresql); see " + log);
}

void PostgresServer::start() {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  ready_ = ended_ = false;
  process_ = start_server(program("postgres"),
                          {"-D", folder_.path() / "data", "-k", folder_.path(), "-c", "listen_addresses=", "-c",
                           "fsync=off", "-c", "max_connections=100", "-c", "shared_buffers=32MB"},
                          pipe[1]);
  ::close(pipe[1]);
  log_reader_ = std::thread([this, input = pipe[0]] { read_log(input); });
  await_ready();
}

void PostgresServer::read_log(int pipe) {
  char buffer[4096];
  for (ssize_t count = 0; (count = ::read(pipe, buffer, sizeof buffer)) > 0;) {
    const std::lock_guard lock(mutex_);
    log_.append(buffer, static_cast<std::size_t>(count));
    if (log_.find("ready to accept connections") != std::string::npos) ready_ = true;
    changed_.notify_all();
  }
  ::close(pipe);
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void PostgresServer::await_ready() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kStartTimeout, [this] { return ready_ || ended_; });
  if (!ready_) throw std::runtime_error("PostgreSQL does not start: " + log_);
  log_.clear();
}

/// SIGINT is its fast shutdown.
void PostgresServer::stop() {
  if (process_ == 0) return;
  ::kill(process_, SIGINT);
  ::waitpid(process_, nullptr, 0);
  process_ = 0;
  log_reader_.join();
  log_.clear();
}

/// The log comes through a pipe: what stands before our own line is all there.
std::vector<std::string> PostgresServer::take_plans() {
  const std::string mark = "all plans are logged";
  query_postgres(address("postgres", "postgres"), fmt::format("DO $$ BEGIN RAISE LOG '{}'; END $$", mark));
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kStartTimeout, [&] { return log_.find(mark) != std::string::npos; });
  std::vector<std::string> plans;
  const std::string begin = "\tQuery Text:";
  for (auto at = log_.find(begin); at != std::string::npos;) {
    const auto next = log_.find(begin, at + 1);
    plans.push_back(log_.substr(at, next - at));
    at = next;
  }
  log_.clear();
  return plans;
}

PostgresDatabase::PostgresDatabase(Schema schema) : server_(PostgresServer::shared()), schema_(schema) {
  if (schema == Schema::cleared) {
    if (auto name = server_.take_cleared()) {
      name_ = std::move(*name);
      return;
    }
  }
  static std::atomic<int> count{0};
  name_ = fmt::format("test_{}", ++count);
  server_.create_database(name_, schema != Schema::empty);
}

PostgresDatabase::~PostgresDatabase() {
  if (schema_ == Schema::cleared) {
    server_.give_back(std::move(name_));
  } else {
    query_postgres(server_.address("postgres", "postgres"), fmt::format("DROP DATABASE {} WITH (FORCE)", name_));
  }
}

}  // namespace codelab::tests
