#include "infra/sqlite/database.hpp"

#include "infra/sqlite/migrations.hpp"

namespace codelab::infra::sqlite {
namespace {

constexpr std::int64_t kWriterCacheKib = 16'384;

/// page_size counts before the first table is made only, and not any more once WAL is on. Checkpoints are the
/// Checkpointer's, so SQLite makes none by itself.
constexpr const char* kPrepareFile =
    "PRAGMA page_size = 4096;"
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA wal_autocheckpoint = 0;"
    "PRAGMA journal_size_limit = 67108864;";

std::unique_ptr<Connection> open_migrated(const std::filesystem::path& file, const base::Clock& clock) {
  auto connection = std::make_unique<Connection>(file, Access::read_write, kWriterCacheKib);
  connection->script(kPrepareFile);
  migrate(*connection, embedded_migrations(), clock.now());
  return connection;
}

}  // namespace

Database::Database(const DatabaseSettings& settings, const base::Clock& clock, core::events::EventRelay& relay,
                   StoreObserver& observer)
    : folder_(settings.folder),
      connection_(open_migrated(folder_.database_file(), clock)),
      checkpointer_(*connection_, folder_.database_file(), settings.checkpoint_pages),
      readers_(folder_.database_file(), settings.readers, observer),
      writer_(*connection_, checkpointer_, settings.writer, clock, relay, observer) {}

}  // namespace codelab::infra::sqlite
