#include "infra/sqlite/writer.hpp"

#include <future>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/store_error.hpp"
#include "infra/sqlite/rows.hpp"
#include "tests/contract/run_task.hpp"
#include "tests/contract/store_doubles.hpp"
#include "tests/contract/temporary_folder.hpp"

namespace codelab::infra::sqlite {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Sql kInsert = "INSERT INTO numbers (value) VALUES (?)";
constexpr Sql kValues = "SELECT value FROM numbers ORDER BY rowid";

/// Enough of the schema for events, and a table that can make a COMMIT fail.
constexpr const char* kSchema =
    "PRAGMA journal_mode = WAL;"
    "CREATE TABLE numbers (value INTEGER NOT NULL);"
    "CREATE TABLE parents (id INTEGER PRIMARY KEY);"
    "CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);"
    "CREATE TABLE event_streams (user_id, id, last_seq DEFAULT 0);"
    "CREATE TABLE events (user_id, stream_id, seq, type, task_id, agent, payload, at);";

class CommitCounter final : public StoreObserver {
 public:
  void commit(std::size_t jobs, std::chrono::steady_clock::duration) noexcept override { commits.push_back(jobs); }
  std::vector<std::size_t> commits;
};

class WriterTest : public testing::Test {
 protected:
  WriterTest() {
    connection.script(kSchema);
    connection.execute("INSERT INTO event_streams (user_id, id) VALUES (?1, ?1)", user);
  }

  Writer& writer() {
    if (!writer_) writer_.emplace(connection, checkpointer, settings, clock, relay, observer);
    return *writer_;
  }

  base::Task<bool> insert(std::int64_t value) {
    return writer().run("insert", [value](Transaction& tx) { return tx.sql().execute(kInsert, value) == 1; });
  }

  /// Runs `tasks` while the writer is kept busy by a job that ends once they all wait.
  void run_together(std::vector<base::Task<>> tasks) {
    std::promise<void> all_wait;
    tasks.insert(tasks.begin(), hold(writer(), all_wait.get_future()));
    tasks.push_back(release(all_wait));
    tests::run_tasks(std::move(tasks));
  }

  static base::Task<> hold(Writer& writer, std::future<void> until) {
    auto wait = [&until](Transaction&) {
      until.wait();
      return true;
    };
    co_await writer.run("hold", std::move(wait));
  }

  static base::Task<> release(std::promise<void>& all_wait) {
    all_wait.set_value();
    co_return;
  }

  static base::Task<> wait_for(std::promise<void>& running) {
    running.get_future().wait();
    co_return;
  }

  static base::Task<> note_failure(base::Task<bool> task, std::string& out) {
    try {
      co_await std::move(task);
    } catch (const base::StoreError& error) {
      out = error.what();
    }
  }

  base::Task<bool> tell(core::events::EventType type) {
    return writer().run("tell", [this, type](Transaction& tx) { return tx.append_own(user, {.type = type}); });
  }

  std::vector<std::int64_t> stored() {
    Connection reader(folder.path() / "test.db", Access::read_only);
    return all_of(reader.query(kValues), [](const Rows& rows) {
      std::int64_t value = 0;
      rows.read(value);
      return value;
    });
  }

  base::UserId user = base::UserId::generate();
  tests::TemporaryFolder folder;
  tests::SteppingClock clock;
  tests::RecordingRelay relay;
  CommitCounter observer;
  Writer::Settings settings{.batch = {.max_jobs = 256, .max_time = std::chrono::seconds{30}}};
  Connection connection{folder.path() / "test.db", Access::read_write};
  Checkpointer checkpointer{connection, folder.path() / "test.db", 1'000};
  std::optional<Writer> writer_;
};

TEST_F(WriterTest, JobsThatWaitTogetherBecomeDurableByOneCommit) {
  std::vector<base::Task<>> tasks;
  std::array<std::optional<bool>, 5> done;
  for (std::size_t i = 0; i < done.size(); ++i) {
    tasks.push_back(tests::keep_result(insert(static_cast<std::int64_t>(i)), done[i]));
  }
  run_together(std::move(tasks));
  writer_.reset();
  EXPECT_THAT(observer.commits, ElementsAre(6));
  EXPECT_THAT(stored(), ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(WriterTest, AnEventIsRelayedInTheOrderOfTheLog) {
  std::optional<bool> first;
  std::optional<bool> second;
  std::vector<base::Task<>> tasks;
  tasks.push_back(tests::keep_result(tell(core::events::EventType::agent_created), first));
  tasks.push_back(tests::keep_result(tell(core::events::EventType::agent_deleted), second));
  run_together(std::move(tasks));
  const auto relayed = relay.take();
  ASSERT_EQ(relayed.size(), 2);
  EXPECT_EQ(relayed[0].body.type, core::events::EventType::agent_created);
  EXPECT_EQ(relayed[1].seq, 2);
}

TEST_F(WriterTest, AJobThatThrowsIsUndoneAlone) {
  std::string failure;
  std::optional<bool> before;
  std::optional<bool> after;
  auto failing = writer().run("fail", [this](Transaction& tx) -> bool {
    tx.sql().execute(kInsert, std::int64_t{13});
    tx.append_own(user, {.type = core::events::EventType::error});
    tx.before_commit([](Connection&) { ADD_FAILURE() << "a step of an undone job ran"; });
    tx.after_commit([]() noexcept { ADD_FAILURE() << "a step of an undone job ran"; });
    throw base::StoreError("on purpose");
  });
  std::vector<base::Task<>> tasks;
  tasks.push_back(tests::keep_result(insert(1), before));
  tasks.push_back(note_failure(std::move(failing), failure));
  tasks.push_back(tests::keep_result(insert(2), after));
  run_together(std::move(tasks));
  EXPECT_EQ(failure, "on purpose");
  EXPECT_THAT(stored(), ElementsAre(1, 2));
  EXPECT_TRUE(relay.take().empty());
  EXPECT_TRUE(tests::run_task(tell(core::events::EventType::error)));
  EXPECT_EQ(relay.take().at(0).seq, 1);
}

TEST_F(WriterTest, AFailedCommitFailsAllItsJobsRelaysNothingAndTheWriterGoesOn) {
  std::string orphan_failure;
  std::string tell_failure;
  auto orphan =
      writer().run("orphan", [](Transaction& tx) { return tx.sql().execute("INSERT INTO children VALUES (7)") == 1; });
  std::vector<base::Task<>> tasks;
  tasks.push_back(note_failure(std::move(orphan), orphan_failure));
  tasks.push_back(note_failure(tell(core::events::EventType::error), tell_failure));
  std::string hold_failure;
  std::promise<void> all_wait;
  auto until = all_wait.get_future();
  auto held = writer().run("hold", [&](Transaction&) {
    until.wait();
    return true;
  });
  tasks.insert(tasks.begin(), note_failure(std::move(held), hold_failure));
  tasks.push_back(release(all_wait));
  tests::run_tasks(std::move(tasks));
  EXPECT_THAT(orphan_failure, HasSubstr("FOREIGN KEY"));
  EXPECT_THAT(tell_failure, HasSubstr("FOREIGN KEY"));
  EXPECT_TRUE(relay.take().empty());
  EXPECT_TRUE(tests::run_task(insert(1)));
  EXPECT_THAT(stored(), ElementsAre(1));
}

TEST_F(WriterTest, AFullDiskIsSaidInWordsAndWritingGoesOnOnceThereIsRoom) {
  const auto pages = value_of<std::int64_t>(connection.query("PRAGMA page_count"));
  connection.script("PRAGMA max_page_count = " + std::to_string(pages));
  std::string failure;
  auto large = writer().run("large", [](Transaction& tx) {
    return tx.sql().execute("INSERT INTO events (payload) VALUES (zeroblob(200000))") == 1;
  });
  tests::run_task(note_failure(std::move(large), failure));
  EXPECT_THAT(failure, HasSubstr("the disk is full"));
  auto room = writer().run("room", [](Transaction& tx) {
    tx.sql().script("PRAGMA max_page_count = 100000");
    return true;
  });
  EXPECT_TRUE(tests::run_task(std::move(room)));
  EXPECT_TRUE(tests::run_task(insert(1)));
}

TEST_F(WriterTest, AStepBeforeCommitThatFailsUndoesTheWholeBatch) {
  std::string failure;
  auto failing = writer().run("fail", [](Transaction& tx) {
    tx.sql().execute(kInsert, std::int64_t{1});
    tx.before_commit([](Connection&) { throw base::StoreError("no index"); });
    return true;
  });
  tests::run_task(note_failure(std::move(failing), failure));
  EXPECT_EQ(failure, "no index");
  EXPECT_TRUE(stored().empty());
}

TEST_F(WriterTest, StepsRunBeforeAndAfterTheCommit) {
  std::vector<std::string> order;
  auto job = writer().run("job", [&](Transaction& tx) {
    tx.after_commit([&]() noexcept { order.push_back(stored().empty() ? "not durable" : "after"); });
    tx.before_commit([&](Connection& sql) {
      sql.execute(kInsert, std::int64_t{1});
      order.emplace_back("before");
    });
    order.emplace_back("job");
    return true;
  });
  EXPECT_TRUE(tests::run_task(std::move(job)));
  EXPECT_THAT(order, ElementsAre("job", "before", "after"));
}

TEST_F(WriterTest, PastItsBoundTheQueueRefusesAtOnce) {
  settings.queue.max_waiting = 1;
  settings.batch.max_jobs = 1;
  std::string refused;
  std::optional<bool> waits;
  std::promise<void> running;
  std::promise<void> all_wait;
  auto held = writer().run("hold", [&](Transaction&) {
    running.set_value();
    all_wait.get_future().wait();
    return true;
  });
  std::optional<bool> held_done;
  std::vector<base::Task<>> tasks;
  tasks.push_back(tests::keep_result(std::move(held), held_done));
  tasks.push_back(wait_for(running));
  tasks.push_back(tests::keep_result(insert(1), waits));
  tasks.push_back(note_failure(insert(2), refused));
  tasks.push_back(release(all_wait));
  tests::run_tasks(std::move(tasks));
  EXPECT_THAT(refused, HasSubstr("too many jobs wait"));
  EXPECT_EQ(waits, true);
  EXPECT_THAT(stored(), ElementsAre(1));
}

TEST_F(WriterTest, AJobThatWaitedTooLongIsNotRun) {
  settings.queue.max_wait = std::chrono::milliseconds{0};
  settings.batch.max_jobs = 1;
  std::string late;
  std::promise<void> all_wait;
  std::string held_failure;
  auto held = writer().run("hold", [&](Transaction&) {
    all_wait.get_future().wait();
    return true;
  });
  std::vector<base::Task<>> tasks;
  tasks.push_back(note_failure(std::move(held), held_failure));
  tasks.push_back(note_failure(insert(2), late));
  tasks.push_back(release(all_wait));
  tests::run_tasks(std::move(tasks));
  EXPECT_THAT(late, HasSubstr("waited too long"));
  EXPECT_TRUE(stored().empty());
}

}  // namespace
}  // namespace codelab::infra::sqlite
