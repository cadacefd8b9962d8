#pragma once

#include <filesystem>
#include <memory>

#include "base/clock.hpp"
#include "core/chat/values.hpp"
#include "core/events/ports.hpp"
#include "infra/sqlite/checkpointer.hpp"
#include "infra/sqlite/connection.hpp"
#include "infra/sqlite/data_folder.hpp"
#include "infra/sqlite/observer.hpp"
#include "infra/sqlite/readers.hpp"
#include "infra/sqlite/writer.hpp"

namespace codelab::infra::sqlite {

struct DatabaseSettings {
  std::filesystem::path folder;
  Writer::Settings writer = {};
  Readers::Settings readers = {};
  /// Pages of 4 KiB in the write-ahead log past which it is copied into the file.
  int checkpoint_pages = 16'000;
};

/// The database of one data folder, migrated and open; nobody else can open it meanwhile. Its parts are thread-safe.
/// Ends in order: commits what waits, empties the write-ahead log, unlocks the folder. Whoever awaits a job must not
/// be destroyed before it.
class Database {
 public:
  /// Opens or makes it. Throws base::StoreError with words for an operator. The references must outlive it.
  Database(const DatabaseSettings& settings, const base::Clock& clock, core::events::EventRelay& relay,
           StoreObserver& observer);

  /// This process, as the one that runs tasks of this database.
  const core::chat::RunnerId& runner() const { return runner_; }
  Writer& writer() { return writer_; }
  Readers& readers() { return readers_; }
  /// Called when what was erased must leave the disk.
  void empty_log() { checkpointer_.empty_log(); }

 private:
  const core::chat::RunnerId runner_ = core::chat::RunnerId::generate();
  DataFolder folder_;
  std::unique_ptr<Connection> connection_;
  Checkpointer checkpointer_;
  Readers readers_;
  Writer writer_;
};

}  // namespace codelab::infra::sqlite
