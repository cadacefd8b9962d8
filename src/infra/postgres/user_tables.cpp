#include "infra/postgres/user_tables.hpp"

#include <fmt/format.h>

#include "infra/postgres/migrations.hpp"

namespace codelab::infra::postgres {
namespace {

/// The text is taken apart once a row; without OFFSET 0 it would be once a column.
#define CODELAB_USER_TABLE(table)                                                                                    \
  UserTable {                                                                                                        \
    .name = #table, .open = "DECLARE moved NO SCROLL CURSOR FOR SELECT t::text FROM " #table " t",                   \
    .insert =                                                                                                        \
        "INSERT INTO " #table " SELECT (copy.whole).* FROM (SELECT $1::text::" #table " AS whole OFFSET 0) AS copy", \
    .count = "SELECT count(*) FROM " #table                                                                          \
  }

constexpr UserTable kTables[]{
    CODELAB_USER_TABLE(users),           CODELAB_USER_TABLE(auth_sessions),      CODELAB_USER_TABLE(refresh_tokens),
    CODELAB_USER_TABLE(user_agents),     CODELAB_USER_TABLE(user_orchestrators), CODELAB_USER_TABLE(event_streams),
    CODELAB_USER_TABLE(events),          CODELAB_USER_TABLE(chat_sessions),      CODELAB_USER_TABLE(messages),
    CODELAB_USER_TABLE(tasks),           CODELAB_USER_TABLE(task_work),          CODELAB_USER_TABLE(approval_requests),
    CODELAB_USER_TABLE(plans),           CODELAB_USER_TABLE(plan_nodes),         CODELAB_USER_TABLE(idempotency_keys),
    CODELAB_USER_TABLE(memory_counters), CODELAB_USER_TABLE(memory_removals),    CODELAB_USER_TABLE(memory_collections),
    CODELAB_USER_TABLE(memories),        CODELAB_USER_TABLE(memory_vectors)};

#undef CODELAB_USER_TABLE

constexpr Sql kNewestMigration = "SELECT max(version) FROM schema_migrations";

}  // namespace

std::span<const UserTable> user_tables() { return kTables; }

Batch ask_newest_migration() {
  Batch batch;
  batch.add(kNewestMigration);
  return batch;
}

std::optional<std::string> other_tables(Answer answer, const std::string& shard) {
  const auto there = value_of<std::int64_t>(std::move(answer.at(0)));
  const auto here = embedded_migrations().back().version;
  if (there == here) return std::nullopt;
  return fmt::format(
      "the newest migration of the shard {} is {:04}, and that of this program {:04}: move users with the version of "
      "codelab that all shards were migrated by",
      shard, there, here);
}

}  // namespace codelab::infra::postgres
