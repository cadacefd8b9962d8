#include "core/agents/registry.hpp"

#include <chrono>
#include <exception>
#include <optional>

#include <boost/asio/this_coro.hpp>

#include "base/describe/decode.hpp"
#include "base/describe/encode.hpp"
#include "base/describe/parse_json.hpp"

namespace codelab::core::agents {
namespace {

namespace this_coro = boost::asio::this_coro;

constexpr std::chrono::seconds kCacheTtl{300};

/// No name is shaped like an id.
std::string cache_key(const AgentRef& ref) { return "agent:" + (ref.id ? ref.id->str() : ref.name); }

base::Error not_found() { return base::make_error(base::ErrorCode::agent_not_found, "you have no such agent"); }

base::Error bad_name(std::string fault) {
  return {.code = base::ErrorCode::validation_failed,
          .detail = "the request is not valid",
          .fields = {{.loc = {"body", "name"}, .msg = std::move(fault)}}};
}

}  // namespace

base::Task<Page<Agent>> AgentRegistry::list(identity::UserScope scope, PageRequest page) {
  co_return co_await store_.list(scope, std::move(page));
}

base::Task<base::Result<std::string>> AgentRegistry::find_json(identity::UserScope scope, AgentRef ref) {
  const std::string key = cache_key(ref);
  auto cached = co_await cache_.get(scope, key);
  if (cached.value) co_return std::move(*cached.value);
  const auto agent = co_await store_.find(scope, std::move(ref));
  if (!agent) co_return not_found();
  std::string json = base::encode(*agent);
  co_await cache_.put(scope, key, json, cached.generation, kCacheTtl);
  co_return json;
}

base::Task<base::Result<CallableAgent>> AgentRegistry::find(identity::UserScope scope, AgentRef ref) {
  const auto json = co_await find_json(scope, std::move(ref));
  if (!json) co_return json.error();
  const auto value = base::parse_json(*json);
  if (!value) co_return value.error();
  co_return base::decode<CallableAgent>(*value, "agent");
}

base::Task<base::Result<Agent>> AgentRegistry::create(identity::UserScope scope, AgentDefinition definition) {
  if (auto fault = fault_of_agent_name(definition.name)) co_return bad_name(std::move(*fault));
  const base::Timestamp now = clock_.now();
  Agent agent{.id = base::AgentId::generate(),
              .name = std::move(definition.name),
              .config = std::move(definition.config),
              .created_at = now,
              .updated_at = now};
  auto created = store_.create(scope, std::move(agent));
  co_return co_await written(scope, std::move(created));
}

base::Task<base::Result<Agent>> AgentRegistry::patch(identity::UserScope scope, AgentRef ref,
                                                     boost::json::value changes) {
  auto agent = co_await store_.find(scope, std::move(ref));
  if (!agent) co_return not_found();
  auto changed = base::decode<AgentChanges>(changes, "body", {.name = agent->name, .config = agent->config});
  if (!changed) co_return changed.error();
  AgentDefinition definition{.name = std::move(changed->name), .config = std::move(changed->config)};
  co_return co_await store_changed(scope, std::move(*agent), std::move(definition));
}

base::Task<base::Result<Agent>> AgentRegistry::replace(identity::UserScope scope, AgentRef ref,
                                                       AgentDefinition definition) {
  auto agent = co_await store_.find(scope, std::move(ref));
  if (!agent) co_return not_found();
  co_return co_await store_changed(scope, std::move(*agent), std::move(definition));
}

base::Task<base::Result<Agent>> AgentRegistry::store_changed(identity::UserScope scope, Agent agent,
                                                             AgentDefinition definition) {
  if (auto fault = fault_of_agent_name(definition.name)) co_return bad_name(std::move(*fault));
  const base::Timestamp seen = agent.updated_at;
  agent.name = std::move(definition.name);
  agent.config = std::move(definition.config);
  agent.updated_at = std::max(clock_.now(), seen + std::chrono::microseconds{1});
  auto stored = store_.replace(scope, std::move(agent), seen);
  co_return co_await written(scope, std::move(stored));
}

template <class T>
base::Task<T> AgentRegistry::written(identity::UserScope scope, base::Task<T> write) {
  std::optional<T> outcome;
  std::exception_ptr failure;
  try {
    outcome = co_await std::move(write);
  } catch (...) {
    failure = std::current_exception();
  }
  const bool throwing = co_await this_coro::throw_if_cancelled();
  co_await this_coro::throw_if_cancelled(false);
  co_await cache_.invalidate(scope);
  co_await this_coro::throw_if_cancelled(throwing);
  if (failure) std::rethrow_exception(failure);
  co_return std::move(*outcome);
}

base::Task<base::Result<base::AgentId>> AgentRegistry::erase(identity::UserScope scope, AgentRef ref) {
  const auto agent = co_await store_.find(scope, std::move(ref));
  if (!agent) co_return not_found();
  const bool throwing = co_await this_coro::throw_if_cancelled();
  co_await this_coro::throw_if_cancelled(false);
  auto erasure = store_.erase(scope, agent->id, clock_.now());
  const bool erased = co_await written(scope, std::move(erasure));
  if (erased) {
    for (AgentListener* each : listeners_) each->agent_erased(scope, agent->id);
  }
  co_await this_coro::throw_if_cancelled(throwing);
  if (!erased) co_return not_found();
  co_return agent->id;
}

}  // namespace codelab::core::agents
