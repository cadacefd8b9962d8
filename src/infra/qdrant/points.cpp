#include "infra/qdrant/points.hpp"

#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/describe/decode.hpp"
#include "base/describe/encode.hpp"
#include "base/store_error.hpp"
#include "infra/qdrant/conditions.hpp"

namespace codelab::infra::qdrant {
namespace {

namespace json = boost::json;

/// More than there are values: every one is wanted.
constexpr std::int64_t kAllFacets = 1'000'000;

[[noreturn]] void bad_answer(std::string_view what) {
  throw base::StoreError(fmt::format("qdrant: an answer has no readable {}", what));
}

const json::array& list_at(const json::value& value, std::string_view key) {
  const auto* found = value.is_object() ? value.get_object().if_contains(key) : nullptr;
  if (found == nullptr || !found->is_array()) bad_answer(key);
  return found->get_array();
}

std::int64_t count_at(const json::value& value) {
  const auto* found = value.is_object() ? value.get_object().if_contains("count") : nullptr;
  if (found == nullptr || !found->is_int64()) bad_answer("count");
  return found->get_int64();
}

Point point_of(const json::value& value) {
  if (!value.is_object()) bad_answer("point");
  const auto& object = value.get_object();
  Point point;
  const auto* id = object.if_contains("id");
  if (id == nullptr || !id->is_string()) bad_answer("id");
  point.id = std::string_view(id->get_string());
  const auto* score = object.if_contains("score");
  if (score != nullptr && score->is_number()) point.score = score->to_number<double>();
  const auto* payload = object.if_contains("payload");
  if (payload != nullptr && payload->is_object()) {
    auto decoded = base::decode<StoredMemory>(*payload, "payload");
    if (!decoded) bad_answer("payload");
    point.payload = std::move(*decoded);
  }
  return point;
}

std::vector<Point> points_of(const json::array& values) {
  std::vector<Point> points;
  points.reserve(values.size());
  for (const auto& value : values) points.push_back(point_of(value));
  return points;
}

std::string order_of(const Scroll& what) {
  const bool newest_first = what.order == Scroll::Order::newest_first;
  const auto from = what.from ? fmt::format(R"(,"start_from":{})", *what.from) : std::string();
  return fmt::format(R"({{"key":"created_at","direction":"{}"{}}})", newest_first ? "desc" : "asc", from);
}

std::string path_to(const Place& place, std::string_view what) {
  return fmt::format("/collections/{}/{}", place.collection, what);
}

}  // namespace

std::string filter_of(const Place& place, const json::array& conditions, const json::array& must_not) {
  json::array must = place.owner;
  must.insert(must.end(), conditions.begin(), conditions.end());
  return base::encode(json::object{{"must", std::move(must)}, {"must_not", must_not}});
}

base::Task<bool> Points::upsert(std::string collection, std::string point) {
  Call call{.operation = "upsert",
            .method = "PUT",
            .path = fmt::format("/collections/{}/points?wait=true", collection),
            .body = fmt::format(R"({{"points":[{}]}})", point),
            .deadline = deadline_};
  const auto answer = co_await client_.call(std::move(call));
  co_return answer.done();
}

base::Task<std::int64_t> Points::count(Place place, json::array conditions) {
  Call call{.operation = "count",
            .method = "POST",
            .path = path_to(place, "points/count"),
            .body = fmt::format(R"({{"filter":{},"exact":true}})", filter_of(place, conditions)),
            .deadline = deadline_};
  const auto answer = co_await client_.call(std::move(call));
  co_return answer.done() ? count_at(answer.result()) : 0;
}

base::Task<std::vector<Point>> Points::scroll(Place place, Scroll what) {
  json::array must_not;
  if (!what.but_not.empty()) must_not.push_back(has_id(what.but_not));
  Call call{.operation = "scroll",
            .method = "POST",
            .path = path_to(place, "points/scroll"),
            .body = fmt::format(R"({{"filter":{},"limit":{},"order_by":{},"with_payload":{},"with_vector":false}})",
                                filter_of(place, what.conditions, must_not), what.limit, order_of(what), what.payload),
            .deadline = deadline_};
  const auto answer = co_await client_.call(std::move(call));
  if (!answer.done()) co_return std::vector<Point>();
  co_return points_of(list_at(answer.result(), "points"));
}

base::Task<std::vector<std::vector<Point>>> Points::query(Place place, std::vector<std::string> searches) {
  Call call{.operation = "query",
            .method = "POST",
            .path = path_to(place, "points/query/batch"),
            .body = fmt::format(R"({{"searches":[{}]}})", fmt::join(searches, ",")),
            .deadline = deadline_};
  const auto answer = co_await client_.call(std::move(call));
  std::vector<std::vector<Point>> found(searches.size());
  if (!answer.done()) co_return found;
  const auto* results = answer.result().if_array();
  if (results == nullptr || results->size() != searches.size()) bad_answer("list of results");
  for (std::size_t i = 0; i < found.size(); ++i) found[i] = points_of(list_at((*results)[i], "points"));
  co_return found;
}

base::Task<std::vector<Facet>> Points::facet(Place place, std::string key) {
  Call call{
      .operation = "facet",
      .method = "POST",
      .path = path_to(place, "facet"),
      .body = fmt::format(R"({{"key":"{}","filter":{},"limit":{},"exact":true}})", key, filter_of(place), kAllFacets),
      .deadline = deadline_};
  const auto answer = co_await client_.call(std::move(call));
  std::vector<Facet> facets;
  if (!answer.done()) co_return facets;
  for (const auto& hit : list_at(answer.result(), "hits")) {
    const auto count = count_at(hit);
    facets.push_back({.value = hit.get_object().at("value"), .count = count});
  }
  co_return facets;
}

base::Task<> Points::erase(Place place, json::array conditions) {
  Call call{.operation = "delete",
            .method = "POST",
            .path = path_to(place, "points/delete?wait=true"),
            .body = fmt::format(R"({{"filter":{}}})", filter_of(place, conditions)),
            .deadline = deadline_};
  co_await client_.call(std::move(call));
}

}  // namespace codelab::infra::qdrant
