#include "infra/qdrant/collections.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/store_error.hpp"
#include "infra/qdrant/schema.hpp"

namespace codelab::infra::qdrant {
namespace {

constexpr std::chrono::seconds kLookAgainAfter{60};

std::string path_to(std::string_view collection) { return fmt::format("/collections/{}", collection); }

}  // namespace

base::Task<> Collections::ensure(std::string collection, Space space) {
  if (is_checked(collection)) co_return;
  const bool there = co_await check(collection, space);
  if (!there) {
    co_await create(collection, space);
    const bool made = co_await check(collection, space);
    if (!made) throw base::StoreError(fmt::format("qdrant: the collection {} was dropped as it was made", collection));
  }
  const std::scoped_lock lock(mutex_);
  checked_.insert(collection);
  if (std::ranges::find(spaces_, space) == spaces_.end()) spaces_.push_back(std::move(space));
}

/// When another process makes it at the same moment, that is as good.
base::Task<> Collections::create(std::string collection, Space space) {
  if (!layout_.shared()) {
    const auto others = co_await names();
    const auto bound = client_.options().max_collections;
    if (others.size() >= bound) {
      throw base::StoreError(fmt::format(
          "qdrant: there are {} collections already, as many as are allowed: take the layout 'tenant'", others.size()));
    }
  }
  Call call{.operation = "create collection",
            .method = "PUT",
            .path = path_to(collection),
            .body = creation_body(space.dimension, layout_.shared()),
            .repeat = Repeat::no};
  const auto answer = co_await client_.call(std::move(call));
  if (answer.done()) base::log::info("qdrant_collection_created", {{"collection", collection}});
}

/// False when it is not there. Makes the indexes that are missing.
base::Task<bool> Collections::check(std::string collection, Space space) {
  Call look{.operation = "look at collection", .method = "GET", .path = path_to(collection)};
  const auto answer = co_await client_.call(std::move(look));
  if (!answer.done()) co_return false;
  const auto& info = answer.result();
  if (const auto fault = fault_of(info, space.dimension, layout_.shared())) {
    throw base::StoreError(fmt::format("qdrant: the collection {} cannot be used: {}", collection, *fault));
  }
  for (const auto& index : missing_indexes(info, layout_.shared())) {
    Call make{.operation = "create index",
              .method = "PUT",
              .path = path_to(collection) + "/index?wait=true",
              .body = fmt::format(R"({{"field_name":"{}","field_schema":{}}})", index.key, index.schema)};
    co_await client_.call(std::move(make));
  }
  co_return true;
}

void Collections::forget(const std::string& collection) {
  const std::scoped_lock lock(mutex_);
  checked_.erase(collection);
}

bool Collections::is_checked(const std::string& collection) const {
  const std::scoped_lock lock(mutex_);
  return checked_.contains(collection);
}

std::vector<Space> Collections::known() const {
  const std::scoped_lock lock(mutex_);
  return spaces_;
}

void Collections::note(const std::vector<Space>& seen) {
  const std::scoped_lock lock(mutex_);
  for (const Space& space : seen) {
    if (std::ranges::find(spaces_, space) == spaces_.end()) spaces_.push_back(space);
  }
  has_looked_ = true;
  look_again_at_ = Steady::now() + kLookAgainAfter;
}

/// While one looks again the others go on with what is known; at first all look.
bool Collections::is_time_to_look() {
  const auto now = Steady::now();
  const std::scoped_lock lock(mutex_);
  if (now < look_again_at_) return false;
  if (has_looked_) look_again_at_ = now + kLookAgainAfter;
  return true;
}

base::Task<std::vector<Space>> Collections::spaces(Deadline deadline) {
  if (is_time_to_look()) co_await names(deadline);
  co_return known();
}

base::Task<std::vector<Space>> Collections::spaces_with(Space own, Deadline deadline) {
  auto all = co_await spaces(deadline);
  std::erase(all, own);
  all.insert(all.begin(), std::move(own));
  co_return all;
}

base::Task<std::vector<std::string>> Collections::names(Deadline deadline) {
  Call call{.operation = "list collections", .method = "GET", .path = "/collections", .deadline = deadline};
  const auto answer = co_await client_.call(std::move(call));
  const auto* result = answer.result().if_object();
  const auto* list = result != nullptr ? result->if_contains("collections") : nullptr;
  if (list == nullptr || !list->is_array()) throw base::StoreError("qdrant: it tells no list of collections");
  std::vector<std::string> names;
  std::vector<Space> seen;
  for (const auto& entry : list->get_array()) {
    const auto* name = entry.is_object() ? entry.get_object().if_contains("name") : nullptr;
    if (name == nullptr || !name->is_string()) continue;
    auto space = layout_.space_of(std::string_view(name->get_string()));
    if (!space) continue;
    names.emplace_back(name->get_string());
    if (std::ranges::find(seen, *space) == seen.end()) seen.push_back(std::move(*space));
  }
  note(seen);
  co_return names;
}

base::Task<> Collections::drop(std::string collection) {
  forget(collection);
  Call call{.operation = "drop collection", .method = "DELETE", .path = path_to(collection)};
  co_await client_.call(std::move(call));
}

}  // namespace codelab::infra::qdrant
