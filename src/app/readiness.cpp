#include "app/readiness.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "app/platform.hpp"
#include "base/store_error.hpp"

namespace codelab::app {
namespace {

/// Without it nothing is answered, so it is given what fits into the second that a front waits.
constexpr std::chrono::milliseconds kDatabasePatience{800};
constexpr std::chrono::milliseconds kHelperPatience{300};

base::Task<> look_at_database(Platform& platform) {
  // Any read shows that the store answers; nobody owns nothing, so this one is quick.
  const auto nobody = core::identity::ScopeIssuer::open({});
  co_await platform.storage->event_log().last_seq(nobody, {});
  if (!platform.take_overs.front().has_lease()) throw base::StoreError("the lease on tasks was not renewed");
}

void add(http::handlers::Readiness& readiness, std::string name, bool is_well) {
  readiness.stores.push_back({.name = std::move(name), .status = is_well ? "ok" : "unavailable"});
  if (!is_well) readiness.status = "degraded";
}

}  // namespace

std::vector<StoreLooks::Store> stores_of(Platform& platform) {
  std::vector<StoreLooks::Store> stores{{.name = std::string(platform.storage->name()),
                                         .look = [&platform] { return look_at_database(platform); },
                                         .patience = kDatabasePatience}};
  if (const auto name = platform.shared->name(); !name.empty()) {
    stores.push_back({std::string(name), [&platform] { return platform.shared->look(); }, kHelperPatience});
  }
  if (const auto name = platform.memories.name(); !name.empty()) {
    stores.push_back({std::string(name), [&platform] { return platform.memories.look(); }, kHelperPatience});
  }
  return stores;
}

base::Task<http::handlers::Readiness> readiness_of(Platform& platform) {
  const auto model = platform.model->info();
  const auto embedding = platform.embedder->info();
  http::handlers::Readiness readiness{.status = "ok",
                                      .version = CODELAB_VERSION,
                                      .stores = {},
                                      .model = {.name = model.name, .offline = model.offline},
                                      .embedding = {.name = embedding.name, .offline = embedding.offline}};
  const auto states = co_await platform.looks.now();
  for (const auto& state : states) add(readiness, state.name, state.is_well);
  for (const auto& part : platform.storage->parts()) add(readiness, part.name, part.available);
  if (!states.front().is_well) readiness.status = "unavailable";
  co_return readiness;
}

}  // namespace codelab::app
