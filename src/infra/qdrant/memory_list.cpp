#include "infra/qdrant/memory_list.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

#include "infra/qdrant/gather.hpp"
#include "infra/qdrant/memory_cursor.hpp"

namespace codelab::infra::qdrant {
namespace {

using core::memory::MemoryItem;

/// Up to `limit` points over all places.
base::Task<std::vector<Point>> newest_of(Points& points, std::vector<Place> places, std::optional<MemoryCursor> cursor,
                                         std::int64_t limit) {
  std::vector<base::Task<std::vector<Point>>> scrolls;
  for (const Place& place : places) {
    Scroll what{.order = Scroll::Order::newest_first, .limit = limit};
    if (cursor) {
      what.from = cursor->at;
      what.but_not = cursor->shown;
    }
    scrolls.push_back(points.scroll(place, std::move(what)));
  }
  auto lists = co_await gather(std::move(scrolls));
  std::vector<Point> all;
  for (auto& list : lists) {
    for (Point& point : list) all.push_back(std::move(point));
  }
  std::ranges::sort(all, [](const Point& a, const Point& b) {
    return std::tie(a.payload.created_at, a.id) > std::tie(b.payload.created_at, b.id);
  });
  if (std::cmp_greater(all.size(), limit)) all.resize(static_cast<std::size_t>(limit));
  co_return all;
}

/// Behind `shown`, which are not all; those of the same moment that `before` knows were shown too.
std::string cursor_behind(const std::vector<Point>& shown, const std::optional<MemoryCursor>& before) {
  MemoryCursor cursor{.at = shown.back().payload.created_at, .shown = {}};
  if (before && before->at == cursor.at) cursor.shown = before->shown;
  for (const Point& point : shown) {
    if (point.payload.created_at == cursor.at) cursor.shown.push_back(point.id);
  }
  return cursor.str();
}

}  // namespace

base::Task<core::Page<MemoryItem>> list_memories(Points& points, std::vector<Place> places, core::PageRequest page) {
  const auto limit = std::max<std::int64_t>(page.limit, 1);
  const auto before = MemoryCursor::parse(page.cursor);
  std::vector<base::Task<std::int64_t>> counts;
  counts.reserve(places.size());
  for (const Place& place : places) counts.push_back(points.count(place, {}));
  const auto counted = co_await gather(std::move(counts));
  // One more than the page holds, to know whether more follow.
  auto newest = co_await newest_of(points, std::move(places), before, limit + 1);
  core::Page<MemoryItem> result;
  result.total = std::accumulate(counted.begin(), counted.end(), std::int64_t{0});
  if (std::cmp_greater(newest.size(), limit)) {
    newest.pop_back();
    result.next_cursor = cursor_behind(newest, before);
  }
  for (const Point& point : newest) result.items.push_back(item_of(point.id, point.payload));
  co_return result;
}

}  // namespace codelab::infra::qdrant
