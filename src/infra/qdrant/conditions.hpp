#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

/// Conditions of Qdrant's filters.
namespace codelab::infra::qdrant {

inline boost::json::object equals(std::string_view key, std::string_view value) {
  return {{"key", key}, {"match", {{"value", value}}}};
}
inline boost::json::object equals(std::string_view key, std::int64_t value) {
  return {{"key", key}, {"match", {{"value", value}}}};
}

inline boost::json::object less_than(std::string_view key, std::int64_t bound) {
  return {{"key", key}, {"range", {{"lt", bound}}}};
}

inline boost::json::object has_id(const std::vector<std::string>& ids) {
  return {{"has_id", boost::json::array(ids.begin(), ids.end())}};
}

}  // namespace codelab::infra::qdrant
