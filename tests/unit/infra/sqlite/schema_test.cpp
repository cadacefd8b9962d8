#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/store_error.hpp"
#include "infra/sqlite/migrations.hpp"
#include "infra/sqlite/rows.hpp"
#include "tests/contract/temporary_folder.hpp"

namespace codelab::infra::sqlite {
namespace {

constexpr Sql kUser = "INSERT INTO users VALUES (?1, ?2, 'hash', 0)";
constexpr Sql kAgent = "INSERT INTO user_agents VALUES (?, ?, 'coder', 'active', '{}', 0, 0)";
constexpr Sql kStream = "INSERT INTO event_streams (user_id, id, updated_at) VALUES (?, ?, 0)";
constexpr Sql kSession = "INSERT INTO chat_sessions VALUES (?, ?, 'title', 0)";
constexpr Sql kMessage =
    "INSERT INTO messages (user_id, session_id, id, position, role, created_at, content) VALUES (?, ?, ?, 1, 'user', "
    "0, 'x')";
constexpr Sql kTask =
    "INSERT INTO tasks (user_id, session_id, id, agent_id, agent_name, status, request_message_id, created_at, "
    "runner) VALUES (?1, ?2, ?3, ?3, 'coder', 'queued', ?3, 0, ?3)";
constexpr Sql kEvent = "INSERT INTO events VALUES (?, ?, 1, 'ERROR', NULL, '', '{}', 0)";
constexpr Sql kCollection = "INSERT INTO memory_collections VALUES (?, ?, 'model', 2, 0, 0, 0)";

/// The database itself keeps two users apart, whatever the code above it does.
class Schema : public testing::Test {
 protected:
  Schema() {
    migrate(connection, embedded_migrations(), {});
    for (const auto& user : {ann, bob}) {
      connection.execute(kUser, user, user.str());
      connection.execute(kStream, user, base::SessionId{user.bytes});
    }
    connection.execute(kStream, ann, session);
    connection.execute(kSession, ann, session);
    connection.execute(kAgent, ann, agent);
  }

  tests::TemporaryFolder folder;
  Connection connection{folder.path() / "test.db", Access::read_write};
  base::UserId ann = base::UserId::generate();
  base::UserId bob = base::UserId::generate();
  base::SessionId session = base::SessionId::generate();
  base::AgentId agent = base::AgentId::generate();
};

TEST_F(Schema, TakesRowsInTheirOwnersSession) {
  EXPECT_EQ(connection.execute(kMessage, ann, session, base::MessageId::generate()), 1);
  EXPECT_EQ(connection.execute(kTask, ann, session, base::TaskId::generate()), 1);
  EXPECT_EQ(connection.execute(kEvent, ann, session), 1);
  EXPECT_EQ(connection.execute(kCollection, ann, agent), 1);
}

TEST_F(Schema, RefusesRowsInAnotherUsersSession) {
  EXPECT_THROW(connection.execute(kMessage, bob, session, base::MessageId::generate()), base::StoreError);
  EXPECT_THROW(connection.execute(kTask, bob, session, base::TaskId::generate()), base::StoreError);
  EXPECT_THROW(connection.execute(kEvent, bob, session), base::StoreError);
  EXPECT_THROW(connection.execute(kSession, bob, session), base::StoreError);
}

TEST_F(Schema, RefusesMemoriesOfAnotherUsersAgent) {
  EXPECT_THROW(connection.execute(kCollection, bob, agent), base::StoreError);
}

TEST_F(Schema, EveryOwnedTableHasAKeyThatBeginsWithTheUser) {
  auto tables = connection.query(
      "SELECT t.name, (SELECT count(*) FROM pragma_index_list(t.name) l JOIN pragma_index_info(l.name) i "
      "WHERE l.origin IN ('pk', 'u') AND i.seqno = 0 AND i.name = 'user_id') "
      "FROM pragma_table_list t WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%' "
      "AND t.name NOT IN ('users', 'schema_migrations', 'memory_vectors')");
  int seen = 0;
  while (tables.next()) {
    std::string name;
    std::int64_t keys = 0;
    tables.read(name, keys);
    EXPECT_GE(keys, 1) << name;
    ++seen;
  }
  EXPECT_EQ(seen, 17);
}

TEST_F(Schema, RefusesValuesOfAnotherType) {
  EXPECT_THROW(connection.execute(kUser, base::UserId::generate(), std::int64_t{5}, std::string_view("x")),
               base::StoreError);
  EXPECT_THROW(connection.script("UPDATE event_streams SET last_seq = 'many'"), base::StoreError);
}

TEST_F(Schema, AUserTakesEverythingAlong) {
  connection.execute(kMessage, ann, session, base::MessageId::generate());
  connection.execute(kEvent, ann, session);
  connection.execute(kCollection, ann, agent);
  connection.execute("DELETE FROM users WHERE id = ?", ann);
  for (const Sql left : {Sql("SELECT count(*) FROM messages"), Sql("SELECT count(*) FROM events"),
                         Sql("SELECT count(*) FROM chat_sessions"), Sql("SELECT count(*) FROM memory_collections")}) {
    EXPECT_EQ(value_of<std::int64_t>(connection.query(left)), 0) << left.text;
  }
}

}  // namespace
}  // namespace codelab::infra::sqlite
