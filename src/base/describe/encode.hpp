#pragma once

#include <string>
#include <type_traits>

#include <boost/json/object.hpp>

#include "base/describe/fields.hpp"
#include "base/json_text.hpp"

namespace codelab::base {

/// Text that is JSON already and is written as it stands.
struct RawJson {
  std::string text = "{}";
};

void encode_value(std::string& out, const boost::json::object& value);

/// Appends `value` as JSON. An empty optional is null; times are RFC 3339.
template <class T>
void encode_value(std::string& out, const T& value) {
  if constexpr (is_optional<T>) {
    if (value) {
      encode_value(out, *value);
    } else {
      out += "null";
    }
  } else if constexpr (is_vector<T>) {
    out.push_back('[');
    for (const auto& item : value) {
      if (&item != value.data()) out.push_back(',');
      encode_value(out, item);
    }
    out.push_back(']');
  } else if constexpr (NamedEnum<T>) {
    append_json_string(out, name_of(value));
  } else if constexpr (is_id<T>) {
    out.push_back('"');
    out += value.str();
    out.push_back('"');
  } else if constexpr (std::is_same_v<T, RawJson>) {
    out += value.text;
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    out.push_back('"');
    out += to_rfc3339(value);
    out.push_back('"');
  } else if constexpr (std::is_same_v<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_integral_v<T>) {
    out += std::to_string(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    append_json_number(out, value);
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    append_json_string(out, value);
  } else {
    static_assert(Described<T>);
    char separator = '{';
    for_each_field<T>([&](const auto& each) {
      out.push_back(separator);
      separator = ',';
      append_json_string(out, each.name);
      out.push_back(':');
      encode_value(out, value.*each.member);
    });
    out.push_back('}');
  }
}

template <class T>
std::string encode(const T& value) {
  std::string out;
  encode_value(out, value);
  return out;
}

}  // namespace codelab::base
