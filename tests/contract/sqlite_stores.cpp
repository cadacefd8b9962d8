#include "infra/sqlite/agent_store.hpp"
#include "infra/sqlite/event_log.hpp"
#include "infra/sqlite/memory_store.hpp"
#include "infra/sqlite/message_store.hpp"
#include "infra/sqlite/session_store.hpp"
#include "infra/sqlite/task_store.hpp"
#include "infra/sqlite/user_store.hpp"
#include "tests/contract/store_kinds.hpp"
#include "tests/contract/temporary_folder.hpp"

namespace codelab::tests {
namespace {

namespace sqlite = infra::sqlite;

constexpr std::size_t kIndexBytes = 1 << 20;
/// More than any test stores.
constexpr std::size_t kWordsInMemory = 100'000;
constexpr std::size_t kWordsOnDisk = 0;

class SqliteStores final : public Stores {
 public:
  SqliteStores(const base::Clock& clock, core::events::EventRelay& relay, std::size_t max_texts)
      : indexes_(kIndexBytes, max_texts), database_({.folder = folder_.path()}, clock, relay, observer_) {}

  core::identity::UserStore& users() override { return users_; }
  core::agents::AgentStore& agents() override { return agents_; }
  core::chat::SessionStore& sessions() override { return sessions_; }
  core::chat::MessageStore& messages() override { return messages_; }
  core::chat::TaskStore& tasks() override { return tasks_; }
  core::events::EventLog& log() override { return log_; }
  core::events::OwnStream& own_stream() override { return log_; }
  core::memory::MemoryStore& memory() override { return memory_; }

 private:
  TemporaryFolder folder_;
  sqlite::StoreObserver observer_;
  sqlite::MemoryIndexes indexes_;
  sqlite::Database database_;
  sqlite::SqliteUserStore users_{database_, indexes_};
  sqlite::SqliteAgentStore agents_{database_, indexes_};
  sqlite::SqliteSessionStore sessions_{database_};
  sqlite::SqliteMessageStore messages_{database_};
  sqlite::SqliteTaskStore tasks_{database_};
  sqlite::SqliteEventLog log_{database_};
  sqlite::SqliteMemoryStore memory_{database_, indexes_};
};

template <std::size_t max_texts>
std::unique_ptr<Stores> make_stores(const base::Clock& clock, core::events::EventRelay& relay) {
  return std::make_unique<SqliteStores>(clock, relay, max_texts);
}

}  // namespace

std::vector<StoreKind> sqlite_kinds() {
  return {{"Sqlite", make_stores<kWordsInMemory>}, {"SqliteWithWordsOnDisk", make_stores<kWordsOnDisk>}};
}

}  // namespace codelab::tests
