#include "infra/sqlite/orchestrator_store.hpp"

#include <fmt/format.h>

#include "base/describe/decode.hpp"
#include "base/describe/encode.hpp"
#include "base/store_error.hpp"
#include "infra/sqlite/rows.hpp"

namespace codelab::infra::sqlite {
namespace {

using core::identity::UserScope;
using core::orchestration::Orchestrator;
using core::orchestration::OrchestratorConfig;

constexpr Sql kFind = "SELECT id, config, created_at, updated_at FROM user_orchestrators WHERE user_id = ?";
constexpr Sql kInsert =
    "INSERT INTO user_orchestrators (user_id, id, config, created_at, updated_at) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (user_id) DO NOTHING";
constexpr Sql kConfigure = "UPDATE user_orchestrators SET config = ?, updated_at = ? WHERE user_id = ?";

Orchestrator read_orchestrator(const Rows& rows) {
  Orchestrator orchestrator;
  boost::json::object config;
  rows.read(orchestrator.id, config, orchestrator.created_at, orchestrator.updated_at);
  auto decoded = base::decode<OrchestratorConfig>(config);
  if (!decoded) {
    throw base::StoreError(
        fmt::format("sqlite: a stored orchestrator's config is not valid: {}", decoded.error().detail));
  }
  orchestrator.config = std::move(*decoded);
  return orchestrator;
}

std::optional<Orchestrator> find(Connection& sql, const UserScope& scope) {
  return first_of(sql.query(kFind, scope.user()), read_orchestrator);
}

}  // namespace

base::Task<Orchestrator> SqliteOrchestratorStore::open(UserScope scope, Orchestrator fresh) {
  auto known = co_await database_.readers().run("orchestrator.find", [=](Connection& sql) { return find(sql, scope); });
  if (known) co_return std::move(*known);
  co_return co_await database_.writer().run("orchestrator.open", [=](Transaction& tx) {
    tx.sql().execute(kInsert, scope.user(), fresh.id, base::encode(fresh.config), fresh.created_at, fresh.updated_at);
    return find(tx.sql(), scope).value();
  });
}

base::Task<Orchestrator> SqliteOrchestratorStore::configure(UserScope scope, OrchestratorConfig config,
                                                            base::Timestamp now) {
  co_return co_await database_.writer().run("orchestrator.configure", [=](Transaction& tx) {
    tx.sql().execute(kConfigure, base::encode(config), now, scope.user());
    return find(tx.sql(), scope).value();
  });
}

}  // namespace codelab::infra::sqlite
