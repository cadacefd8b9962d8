#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "base/task.hpp"
#include "infra/qdrant/client.hpp"
#include "infra/qdrant/layout.hpp"
#include "infra/qdrant/stored_memory.hpp"

namespace codelab::infra::qdrant {

struct Point {
  std::string id;
  /// Of a query.
  double score = 0;
  /// Only what was asked for.
  StoredMemory payload;
};

/// How many points have that value.
struct Facet {
  boost::json::value value;
  std::int64_t count = 0;
};

/// What points a scroll() reads and in which order.
struct Scroll {
  enum class Order : std::uint8_t { oldest_first, newest_first };

  Order order = Order::newest_first;
  std::int64_t limit = 1;
  /// Made then or later in that order.
  std::optional<std::int64_t> from = std::nullopt;
  /// Besides the owner's conditions.
  boost::json::array conditions = {};
  std::vector<std::string> but_not = {};
  std::string_view payload = kItemPayload;
};

/// The conditions of a place and these, as JSON. Every filter is made here.
std::string filter_of(const Place& place, const boost::json::array& conditions = {},
                      const boost::json::array& must_not = {});

/// Reads and writes the points of a place. A collection that is not there has none. Thread-safe; throws
/// base::StoreError.
class Points {
 public:
  /// What is asked through it must be answered by `deadline`.
  explicit Points(Client& client, Deadline deadline = Deadline::max()) : client_(client), deadline_(deadline) {}

  Deadline deadline() const { return deadline_; }
  /// Puts a point (see point_of()) where it can be found when this returns. False when the collection is not there.
  base::Task<bool> upsert(std::string collection, std::string point);
  base::Task<std::int64_t> count(Place place, boost::json::array conditions);
  base::Task<std::vector<Point>> scroll(Place place, Scroll what);
  /// One list of hits for each of `searches`, which are requests of the Query API with filter_of(place) in each.
  base::Task<std::vector<std::vector<Point>>> query(Place place, std::vector<std::string> searches);
  /// Every value of an indexed key, with exact counts.
  base::Task<std::vector<Facet>> facet(Place place, std::string key);
  /// Every point that keeps the conditions; all of the place's without any.
  base::Task<> erase(Place place, boost::json::array conditions);

 private:
  Client& client_;
  const Deadline deadline_;
};

}  // namespace codelab::infra::qdrant
