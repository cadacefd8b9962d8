#pragma once

#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <boost/json/object.hpp>

#include "base/clock.hpp"
#include "base/ids.hpp"

/// Plain structs described once: the same table of fields decodes, validates, encodes and yields the JSON Schema.
///
///   struct Point {
///     double x = 0;
///     static constexpr std::string_view kName = "Point";
///     static constexpr auto describe() { return fields(field("x", &Point::x, {.required = true, .maximum = 9})); }
///   };
///
/// Field types: bool, std::int64_t, double, std::string, enums with names, Id<>, Timestamp, boost::json::object,
/// and std::optional or std::vector of these or of other described structs.
namespace codelab::base {

/// What a value must keep, and what the API document says of it. Lengths are in characters (Unicode code
/// points) for text, in items for lists: what JSON Schema counts.
struct Rules {
  bool required = false;
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  std::size_t min_length = 0;
  std::size_t max_length = std::numeric_limits<std::size_t>::max();
  std::string_view doc = {};
};

template <class Owner, class Member>
struct Field {
  std::string_view name;
  Member Owner::* member;
  Rules rules;
};

template <class Owner, class Member>
constexpr Field<Owner, Member> field(std::string_view name, Member Owner::* member, Rules rules = {}) {
  return {name, member, rules};
}

template <class... Fields>
constexpr std::tuple<Fields...> fields(Fields... all) {
  return {all...};
}

template <class T>
concept Described = requires {
  T::describe();
  { T::kName } -> std::convertible_to<std::string_view>;
};

/// An enum's public spellings, in the order of its values from 0: specialise with `static constexpr std::array kNames`.
template <class E>
struct EnumNames;

template <class E>
concept NamedEnum = std::is_enum_v<E> && requires { EnumNames<E>::kNames.size(); };

template <NamedEnum E>
constexpr std::string_view name_of(E value) {
  return EnumNames<E>::kNames[static_cast<std::size_t>(value)];
}

template <NamedEnum E>
constexpr std::optional<E> parse_enum(std::string_view text) {
  for (std::size_t i = 0; i < EnumNames<E>::kNames.size(); ++i) {
    if (EnumNames<E>::kNames[i] == text) return static_cast<E>(i);
  }
  return std::nullopt;
}

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_id = false;
template <class Tag>
inline constexpr bool is_id<Id<Tag>> = true;

/// Calls `visit(field)` for each field of T in order.
template <Described T, class Visit>
constexpr void for_each_field(Visit&& visit) {
  std::apply([&](const auto&... each) { (visit(each), ...); }, T::describe());
}

}  // namespace codelab::base
