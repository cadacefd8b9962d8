#include "infra/qdrant/memory_store.hpp"

#include <charconv>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/store_error.hpp"
#include "infra/qdrant/conditions.hpp"
#include "infra/qdrant/gather.hpp"
#include "infra/qdrant/memory_list.hpp"
#include "infra/qdrant/memory_pruning.hpp"
#include "infra/qdrant/memory_search.hpp"
#include "infra/qdrant/memory_stats.hpp"
#include "infra/qdrant/stored_memory.hpp"

namespace codelab::infra::qdrant {
namespace {

namespace json = boost::json;
using core::identity::UserScope;
using core::memory::MemoryHit;
using core::memory::MemoryItem;
using core::memory::MemoryOwner;
using core::memory::MemoryQuery;
using core::memory::MemoryStats;
using core::memory::NewMemory;
using core::memory::PruneRule;
using core::memory::PruneTurn;

constexpr int kOldestMajor = 1;
constexpr int kOldestMinor = 12;

base::Error no_such_agent() { return base::make_error(base::ErrorCode::agent_not_found, "no such agent"); }

/// Of "1.12.4".
bool is_new_enough(std::string_view version) {
  int major = 0;
  int minor = 0;
  const char* begin = version.data();
  const char* end = begin + version.size();
  const auto first = std::from_chars(begin, end, major);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.') return false;
  if (std::from_chars(first.ptr + 1, end, minor).ec != std::errc{}) return false;
  return major > kOldestMajor || (major == kOldestMajor && minor >= kOldestMinor);
}

std::string version_in(const json::value& greeting) {
  const auto* version = greeting.is_object() ? greeting.get_object().if_contains("version") : nullptr;
  return version != nullptr && version->is_string() ? std::string(version->get_string()) : std::string();
}

}  // namespace

QdrantMemoryStore::QdrantMemoryStore(Options options, base::Cores& cores, core::agents::AgentStore& agents,
                                     core::events::OwnStream& own_stream, core::memory::PruneTurns& prune_turns)
    : agents_(agents),
      own_stream_(own_stream),
      prune_turns_(prune_turns),
      layout_(make_layout(options)),
      client_(std::move(options), cores),
      points_(client_),
      collections_(client_, *layout_) {}

base::Task<> QdrantMemoryStore::prepare() {
  Call greet{.operation = "greet", .method = "GET", .path = "/"};
  const auto greeting = co_await client_.call(std::move(greet));
  const auto version = version_in(greeting.body);
  if (!is_new_enough(version)) {
    throw base::StoreError(fmt::format("qdrant: the server says version '{}'; 1.12 or later is needed", version));
  }
  const auto names = co_await collections_.names();
  if (!layout_->shared()) co_return;
  for (const auto& name : names) {
    auto space = layout_->space_of(name);
    co_await collections_.ensure(name, std::move(*space));
  }
}

Deadline QdrantMemoryStore::soon() const { return std::chrono::steady_clock::now() + client_.options().search_timeout; }

base::Task<bool> QdrantMemoryStore::has_agent(UserScope scope, base::AgentId agent) {
  core::agents::AgentRef ref{.id = agent, .name = {}};
  const auto found = co_await agents_.find(scope, std::move(ref));
  co_return found.has_value();
}

base::Task<bool> QdrantMemoryStore::put(Place place, Space space, std::string point) {
  co_await collections_.ensure(place.collection, std::move(space));
  Points points(client_, soon());
  const bool put = co_await points.upsert(place.collection, std::move(point));
  if (!put) collections_.forget(place.collection);
  co_return put;
}

base::Task<base::Result<MemoryItem>> QdrantMemoryStore::add(UserScope scope, base::AgentId agent, NewMemory memory) {
  const auto space = Space::of(memory.embedding);
  const auto place = layout_->of_agent(scope, agent, space);
  const auto point = point_of(scope, agent, memory, tokenizer_.counted(memory.item.text));
  // A collection that goes in between was dropped with its agent, most likely: then the second look finds none.
  for (int attempt = 0; attempt < 2; ++attempt) {
    const bool there = co_await has_agent(scope, agent);
    if (!there) co_return no_such_agent();
    const bool stored = co_await hang_guard_.run(put(place, space, point));
    if (!stored) continue;
    memory.item.embedding_model = memory.embedding.model;
    co_return std::move(memory.item);
  }
  throw base::StoreError(fmt::format("qdrant: the collection {} is dropped again and again", place.collection));
}

base::Task<std::vector<Place>> QdrantMemoryStore::places_of(UserScope scope, base::AgentId agent) {
  const auto spaces = co_await collections_.spaces();
  std::vector<Place> places;
  places.reserve(spaces.size());
  for (const Space& space : spaces) places.push_back(layout_->of_agent(scope, agent, space));
  co_return places;
}

base::Task<std::vector<MemoryHit>> QdrantMemoryStore::search(UserScope scope, base::AgentId agent, MemoryQuery query) {
  return hang_guard_.run(find(scope, agent, std::move(query)));
}

base::Task<std::vector<MemoryHit>> QdrantMemoryStore::find(UserScope scope, base::AgentId agent, MemoryQuery query) {
  const auto own = Space::of(query.embedding);
  Points points(client_, soon());
  const auto spaces = co_await collections_.spaces_with(own, points.deadline());
  std::vector<SearchPlace> places;
  places.reserve(spaces.size());
  for (const Space& space : spaces) {
    places.push_back({.place = layout_->of_agent(scope, agent, space), .comparable = space == own});
  }
  auto wanted = tokenizer_.looked_for(query.text);
  co_return co_await search_memories(points, std::move(places), std::move(wanted), std::move(query));
}

base::Task<core::Page<MemoryItem>> QdrantMemoryStore::list(UserScope scope, base::AgentId agent,
                                                           core::PageRequest page) {
  auto places = co_await places_of(scope, agent);
  co_return co_await list_memories(points_, std::move(places), std::move(page));
}

base::Task<bool> QdrantMemoryStore::erase(UserScope scope, base::AgentId agent, base::MemoryId memory) {
  const auto places = co_await places_of(scope, agent);
  const std::vector<std::string> ids{memory.str()};
  bool erased = false;
  for (const Place& place : places) {
    json::array conditions{has_id(ids)};
    const auto count = co_await points_.count(place, conditions);
    if (count == 0) continue;
    co_await points_.erase(place, std::move(conditions));
    erased = true;
  }
  co_return erased;
}

base::Task<std::int64_t> QdrantMemoryStore::prune(UserScope scope, base::AgentId agent, PruneRule rule,
                                                  base::Timestamp) {
  const auto turn = co_await prune_turns_.take(scope, agent);
  if (!turn) co_return 0;
  const auto places = co_await places_of(scope, agent);
  std::int64_t pruned = 0;
  while (turn->look()) {
    const auto count = co_await prune_all(scope, agent, places, rule, *turn);
    pruned += count;
  }
  co_return pruned;
}

base::Task<std::int64_t> QdrantMemoryStore::prune_all(UserScope scope, base::AgentId agent, std::vector<Place> places,
                                                      PruneRule rule, PruneTurn& turn) {
  std::int64_t pruned = 0;
  for (bool goes_on = true; goes_on;) {
    const auto count = co_await prune_slice(points_, places, rule);
    if (count == 0) break;
    pruned += count;
    co_await tell_pruned(scope, agent, count);
    goes_on = co_await turn.keep();
  }
  co_return pruned;
}

base::Task<> QdrantMemoryStore::tell_pruned(UserScope scope, base::AgentId agent, std::int64_t count) {
  core::agents::AgentRef ref{.id = agent, .name = {}};
  const auto found = co_await agents_.find(scope, std::move(ref));
  core::events::NewEvent event{.type = core::events::EventType::memory_pruned,
                               .agent = found ? found->name : std::string(),
                               .payload = fmt::format(R"({{"agent_id":"{}","count":{}}})", agent.str(), count)};
  co_await own_stream_.append(scope, std::move(event));
}

base::Task<MemoryStats> QdrantMemoryStore::stats(UserScope scope, base::AgentId agent) {
  const auto spaces = co_await collections_.spaces();
  std::vector<base::Task<MemoryStats>> asked;
  asked.reserve(spaces.size());
  for (const Space& space : spaces) {
    asked.push_back(stats_of(points_, layout_->of_agent(scope, agent, space), space.dimension));
  }
  const auto answers = co_await gather(std::move(asked));
  MemoryStats sum;
  for (const MemoryStats& each : answers) add_stats(sum, each);
  co_return sum;
}

base::Task<> QdrantMemoryStore::drop(Place place) {
  if (layout_->shared()) {
    co_await points_.erase(std::move(place), {});
  } else {
    co_await collections_.drop(std::move(place.collection));
  }
}

base::Task<> QdrantMemoryStore::drop_agent(UserScope scope, base::AgentId agent) {
  co_await collections_.names();
  const auto places = co_await places_of(scope, agent);
  for (const Place& place : places) co_await drop(place);
}

base::Task<> QdrantMemoryStore::drop_user(UserScope scope) {
  const auto names = co_await collections_.names();
  for (const Place& place : layout_->of_user(scope, names)) co_await drop(place);
}

base::Task<std::vector<MemoryOwner>> QdrantMemoryStore::owners() {
  const auto names = co_await collections_.names();
  std::vector<MemoryOwner> owners;
  for (const auto& name : names) {
    if (const auto owner = layout_->owner_of(name)) owners.push_back(*owner);
    if (!layout_->shared()) continue;
    Place everything{.collection = name, .owner = {}};
    const auto tenants = co_await points_.facet(std::move(everything), "tenant");
    for (const Facet& tenant : tenants) {
      const auto owner = tenant.value.is_string() ? owner_of_tenant(tenant.value.get_string()) : std::nullopt;
      if (owner) owners.push_back(*owner);
    }
  }
  co_return owners;
}

}  // namespace codelab::infra::qdrant
