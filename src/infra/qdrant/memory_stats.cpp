#include "infra/qdrant/memory_stats.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "infra/qdrant/gather.hpp"

namespace codelab::infra::qdrant {
namespace {

using core::memory::MemoryKind;
using core::memory::MemoryStats;

std::optional<base::Timestamp> earlier(std::optional<base::Timestamp> a, std::optional<base::Timestamp> b) {
  return a && b ? std::min(*a, *b) : (a ? a : b);
}

std::optional<base::Timestamp> later(std::optional<base::Timestamp> a, std::optional<base::Timestamp> b) {
  return a && b ? std::max(*a, *b) : (a ? a : b);
}

/// The oldest and the newest; the same one when there is only one, none when there is none.
base::Task<std::vector<Point>> ends_of(Points& points, Place place) {
  std::vector<base::Task<std::vector<Point>>> scrolls;
  for (const auto order : {Scroll::Order::oldest_first, Scroll::Order::newest_first}) {
    Scroll what{.order = order, .limit = 1, .payload = kItemPayload};
    scrolls.push_back(points.scroll(place, std::move(what)));
  }
  auto lists = co_await gather(std::move(scrolls));
  std::vector<Point> ends;
  for (auto& list : lists) {
    for (Point& point : list) ends.push_back(std::move(point));
  }
  co_return ends;
}

}  // namespace

base::Task<MemoryStats> stats_of(Points& points, Place place, std::int64_t dimension) {
  std::vector<base::Task<std::vector<Facet>>> asked;
  for (const char* key : {"kind", "text_bytes"}) asked.push_back(points.facet(place, key));
  const auto facets = co_await gather(std::move(asked));
  const auto ends = co_await ends_of(points, std::move(place));
  MemoryStats stats;
  for (const Facet& kind : facets[0]) {
    const bool interaction =
        kind.value.is_string() && kind.value.get_string() == base::name_of(MemoryKind::interaction);
    (interaction ? stats.interactions : stats.notes) += kind.count;
  }
  for (const Facet& bytes : facets[1]) {
    if (bytes.value.is_int64()) stats.text_bytes += bytes.value.get_int64() * bytes.count;
  }
  stats.count = stats.interactions + stats.notes;
  stats.vector_bytes = stats.count * dimension * static_cast<std::int64_t>(sizeof(float));
  for (const Point& end : ends) {
    const auto at = base::from_micros(end.payload.created_at);
    stats.oldest = earlier(stats.oldest, at);
    stats.newest = later(stats.newest, at);
    stats.embedding_models = {end.payload.model};
  }
  co_return stats;
}

void add_stats(MemoryStats& sum, const MemoryStats& other) {
  sum.count += other.count;
  sum.interactions += other.interactions;
  sum.notes += other.notes;
  sum.text_bytes += other.text_bytes;
  sum.vector_bytes += other.vector_bytes;
  sum.oldest = earlier(sum.oldest, other.oldest);
  sum.newest = later(sum.newest, other.newest);
  for (const auto& model : other.embedding_models) {
    const bool known = std::ranges::find(sum.embedding_models, model) != sum.embedding_models.end();
    if (!known) sum.embedding_models.push_back(model);
  }
}

}  // namespace codelab::infra::qdrant
