#pragma once

#include <cmath>
#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "base/describe/encode.hpp"
#include "base/describe/fields.hpp"

namespace codelab::base {

/// Named schemas (JSON Schema 2020-12, as OpenAPI 3.1 takes it), filled as types are mentioned.
using Schemas = boost::json::object;

void add_bounds(boost::json::object& schema, const Rules& rules);

template <class T>
boost::json::object schema_of(Schemas& named);

/// True for types that the server only sends: each of their fields is always there.
template <class T>
inline constexpr bool answers_only = requires { T::kAnswer; };

/// True for types whose absent fields mean "as it is": no default is true of them.
template <class T>
inline constexpr bool changes_only = requires { T::kChange; };

/// Puts the schema of T into `named` once and returns the reference to it.
template <Described T>
boost::json::object schema_reference(Schemas& named) {
  if (!named.contains(T::kName)) {
    named[T::kName] = nullptr;
    boost::json::object properties;
    boost::json::array required;
    const T defaults{};
    for_each_field<T>([&](const auto& each) {
      auto property = schema_of<std::remove_cvref_t<decltype(defaults.*each.member)>>(named);
      add_bounds(property, each.rules);
      if (each.rules.required || answers_only<T>) {
        required.push_back(boost::json::string(each.name));
      } else if (!changes_only<T>) {
        property["default"] = boost::json::parse(encode(defaults.*each.member));
      }
      properties[each.name] = std::move(property);
    });
    boost::json::object schema{{"type", "object"}, {"properties", std::move(properties)}};
    if (!required.empty()) schema["required"] = std::move(required);
    named[T::kName] = std::move(schema);
  }
  return {{"$ref", "#/components/schemas/" + std::string(T::kName)}};
}

template <class T>
boost::json::object schema_of(Schemas& named) {
  if constexpr (is_optional<T>) {
    boost::json::array choices{schema_of<typename T::value_type>(named), boost::json::object{{"type", "null"}}};
    return {{"anyOf", std::move(choices)}};
  } else if constexpr (is_vector<T>) {
    return {{"type", "array"}, {"items", schema_of<typename T::value_type>(named)}};
  } else if constexpr (NamedEnum<T>) {
    boost::json::array names;
    for (const std::string_view name : EnumNames<T>::kNames) names.push_back(boost::json::string(name));
    return {{"type", "string"}, {"enum", std::move(names)}};
  } else if constexpr (is_id<T>) {
    return {{"type", "string"}, {"format", "uuid"}};
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    return {{"type", "string"}, {"format", "date-time"}};
  } else if constexpr (std::is_same_v<T, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (std::is_integral_v<T>) {
    return {{"type", "integer"}};
  } else if constexpr (std::is_floating_point_v<T>) {
    return {{"type", "number"}};
  } else if constexpr (std::is_same_v<T, boost::json::object> || std::is_same_v<T, RawJson>) {
    return {{"type", "object"}};
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return {{"type", "string"}};
  } else {
    return schema_reference<T>(named);
  }
}

}  // namespace codelab::base
