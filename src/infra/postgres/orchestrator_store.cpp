#include "infra/postgres/orchestrator_store.hpp"

#include <fmt/format.h>

#include "base/describe/decode.hpp"
#include "base/describe/encode.hpp"
#include "base/store_error.hpp"
#include "infra/postgres/rows.hpp"

namespace codelab::infra::postgres {
namespace {

using core::identity::UserScope;
using core::orchestration::Orchestrator;
using core::orchestration::OrchestratorConfig;

constexpr Sql kFind = "SELECT id, config, created_at, updated_at FROM user_orchestrators WHERE user_id = $1";
constexpr Sql kInsert =
    "INSERT INTO user_orchestrators (user_id, id, config, created_at, updated_at) VALUES ($1, $2, $3::json, $4, $5) "
    "ON CONFLICT (user_id) DO NOTHING";
constexpr Sql kConfigure = "UPDATE user_orchestrators SET config = $1::json, updated_at = $2 WHERE user_id = $3";

Orchestrator read_orchestrator(const Rows& rows) {
  Orchestrator orchestrator;
  boost::json::object config;
  rows.read(orchestrator.id, config, orchestrator.created_at, orchestrator.updated_at);
  auto decoded = base::decode<OrchestratorConfig>(config);
  if (!decoded) {
    throw base::StoreError(
        fmt::format("postgres: a stored orchestrator's config is not valid: {}", decoded.error().detail));
  }
  orchestrator.config = std::move(*decoded);
  return orchestrator;
}

base::Task<Orchestrator> change_and_read(Transaction& tx, UserScope scope, Batch change) {
  tx.add(std::move(change));
  tx.add(kFind, scope.user());
  auto answer = co_await tx.run();
  auto orchestrator = first_of(std::move(answer.at(1)), read_orchestrator);
  co_await tx.commit();
  co_return std::move(orchestrator.value());
}

}  // namespace

base::Task<Orchestrator> PostgresOrchestratorStore::open(UserScope scope, Orchestrator fresh) {
  Batch look;
  look.add(kFind, scope.user());
  auto answer = co_await database_.read("orchestrator.find", scope, std::move(look));
  auto known = first_of(std::move(answer.at(0)), read_orchestrator);
  if (known) co_return std::move(*known);
  Batch insert;
  insert.add(kInsert, scope.user(), fresh.id, base::encode(fresh.config), fresh.created_at, fresh.updated_at);
  co_return co_await database_.write("orchestrator.open", scope, change_and_read, scope, std::move(insert));
}

base::Task<Orchestrator> PostgresOrchestratorStore::configure(UserScope scope, OrchestratorConfig config,
                                                              base::Timestamp now) {
  Batch change;
  change.add(kConfigure, base::encode(config), now, scope.user());
  co_return co_await database_.write("orchestrator.configure", scope, change_and_read, scope, std::move(change));
}

}  // namespace codelab::infra::postgres
