#include "infra/postgres/user_tables.hpp"

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

}  // namespace

std::span<const UserTable> user_tables() { return kTables; }

}  // namespace codelab::infra::postgres
