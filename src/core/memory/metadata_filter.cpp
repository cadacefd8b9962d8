#include "core/memory/metadata_filter.hpp"

#include <algorithm>

#include <boost/json/value.hpp>

#include "base/json_text.hpp"

namespace codelab::core::memory {
namespace {

namespace json = boost::json;

bool equal(const json::value& left, const json::value& right);

bool equal(const json::object& left, const json::object& right) {
  return left.size() == right.size() && holds(left, right);
}

bool equal(const json::array& left, const json::array& right) {
  return std::ranges::equal(left, right, [](const json::value& a, const json::value& b) { return equal(a, b); });
}

bool equal(const json::value& left, const json::value& right) {
  if (left.is_object() && right.is_object()) return equal(left.get_object(), right.get_object());
  if (left.is_array() && right.is_array()) return equal(left.get_array(), right.get_array());
  if (left.is_number() && right.is_number() && (left.is_double() || right.is_double())) {
    return left.to_number<double>() == right.to_number<double>();
  }
  return left == right;
}

/// `"key":` and, where its stored form is certain, the value.
std::string needle_of(std::string_view key, const json::value& value) {
  std::string needle;
  base::append_json_string(needle, key);
  needle += ':';
  if (value.is_string()) base::append_json_string(needle, value.get_string());
  return needle;
}

}  // namespace

bool holds(const json::object& metadata, const json::object& filter) {
  return std::ranges::all_of(filter, [&](const auto& wanted) {
    const auto* found = metadata.if_contains(wanted.key());
    return found != nullptr && equal(*found, wanted.value());
  });
}

std::string needle_of(const json::object& filter) {
  std::string longest;
  for (const auto& [key, value] : filter) {
    auto needle = needle_of(key, value);
    if (needle.size() > longest.size()) longest = std::move(needle);
  }
  return longest;
}

}  // namespace codelab::core::memory
