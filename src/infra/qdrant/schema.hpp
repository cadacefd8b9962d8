#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

/// What a collection of ours is made like, and whether one is.
namespace codelab::infra::qdrant {

struct PayloadIndex {
  std::string_view key;
  /// As Qdrant names it in a collection's payload schema.
  std::string_view type;
  /// What to ask for when it is made: JSON.
  std::string_view schema;
};

/// In a collection that agents share, and in one that is an agent's own.
std::vector<PayloadIndex> payload_indexes(bool shared);

/// The body that makes a collection for vectors of that dimension. A shared one has no graph over all points, only one
/// for each tenant.
std::string creation_body(std::int64_t dimension, bool shared);

/// What is wrong with a collection, in words for an operator; `info` is what Qdrant tells of it. An index that is
/// missing is no fault.
std::optional<std::string> fault_of(const boost::json::value& info, std::int64_t dimension, bool shared);

std::vector<PayloadIndex> missing_indexes(const boost::json::value& info, bool shared);

}  // namespace codelab::infra::qdrant
