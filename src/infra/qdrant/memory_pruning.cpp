#include "infra/qdrant/memory_pruning.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>

#include "infra/qdrant/conditions.hpp"
#include "infra/qdrant/gather.hpp"

namespace codelab::infra::qdrant {
namespace {

namespace json = boost::json;
using core::memory::PruneRule;

constexpr std::int64_t kSlice = 256;

struct Aged {
  std::int64_t created_at = 0;
  std::string id;
  std::size_t place = 0;

  auto operator<=>(const Aged&) const = default;
};

/// How many there are too many; none without such a bound.
base::Task<std::int64_t> excess_of(Points& points, std::vector<Place> places, PruneRule rule) {
  if (!rule.max_items) co_return 0;
  std::vector<base::Task<std::int64_t>> counts;
  counts.reserve(places.size());
  for (const Place& place : places) counts.push_back(points.count(place, {}));
  const auto counted = co_await gather(std::move(counts));
  const auto total = std::accumulate(counted.begin(), counted.end(), std::int64_t{0});
  co_return std::max<std::int64_t>(0, total - *rule.max_items);
}

/// Over all places, oldest first.
base::Task<std::vector<Aged>> oldest_of(Points& points, std::vector<Place> places, json::array conditions) {
  std::vector<base::Task<std::vector<Point>>> scrolls;
  for (const Place& place : places) {
    Scroll what{
        .order = Scroll::Order::oldest_first, .limit = kSlice, .conditions = conditions, .payload = kAgePayload};
    scrolls.push_back(points.scroll(place, std::move(what)));
  }
  auto lists = co_await gather(std::move(scrolls));
  std::vector<Aged> oldest;
  for (std::size_t place = 0; place < lists.size(); ++place) {
    for (Point& point : lists[place]) oldest.push_back({point.payload.created_at, std::move(point.id), place});
  }
  std::ranges::sort(oldest);
  if (oldest.size() > kSlice) oldest.resize(kSlice);
  co_return oldest;
}

}  // namespace

base::Task<std::int64_t> prune_slice(Points& points, std::vector<Place> places, PruneRule rule) {
  auto excess = co_await excess_of(points, places, rule);
  if (excess == 0 && !rule.older_than) co_return 0;
  // Without an excess only those that are too old need be read.
  json::array conditions;
  if (excess == 0) conditions.push_back(less_than("created_at", base::to_micros(*rule.older_than)));
  const auto oldest = co_await oldest_of(points, places, std::move(conditions));
  // Counted behind the list: what others forget before this is in the list and not in the count, what they forget later
  // is what is forgotten here. Counted before the list it would be too much by all that goes in between.
  if (excess > 0) excess = co_await excess_of(points, places, rule);
  std::vector<std::vector<std::string>> ids(places.size());
  std::int64_t forgotten = 0;
  for (const Aged& each : oldest) {
    const bool too_old = rule.older_than && each.created_at < base::to_micros(*rule.older_than);
    if (forgotten >= excess && !too_old) break;
    ids[each.place].push_back(each.id);
    ++forgotten;
  }
  for (std::size_t place = 0; place < places.size(); ++place) {
    if (ids[place].empty()) continue;
    json::array chosen{has_id(ids[place])};
    co_await points.erase(places[place], std::move(chosen));
  }
  co_return forgotten;
}

}  // namespace codelab::infra::qdrant
