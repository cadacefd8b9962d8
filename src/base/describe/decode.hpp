#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "base/describe/fields.hpp"
#include "base/result.hpp"

namespace codelab::base {

/// Collects every fault of one document with the path at which it stands.
class Faults {
 public:
  explicit Faults(std::string root) : path_{std::move(root)} {}

  void add(std::string msg) { found_.push_back({path_, std::move(msg)}); }
  void enter(std::string step) { path_.push_back(std::move(step)); }
  void leave() { path_.pop_back(); }
  std::vector<FieldError> take() { return std::move(found_); }
  bool empty() const { return found_.empty(); }

 private:
  std::vector<std::string> path_;
  std::vector<FieldError> found_;
};

/// Bounds of text (valid UTF-8), of numbers and of lists; adds a fault for each that is broken.
void check_text(std::string_view text, const Rules& rules, Faults& faults);
void check_number(double value, const Rules& rules, Faults& faults);
void check_count(std::size_t count, const Rules& rules, Faults& faults);

/// Scalars, out of line.
void decode_value(const boost::json::value& json, bool& out, const Rules& rules, Faults& faults);
void decode_value(const boost::json::value& json, std::int64_t& out, const Rules& rules, Faults& faults);
void decode_value(const boost::json::value& json, double& out, const Rules& rules, Faults& faults);
void decode_value(const boost::json::value& json, std::string& out, const Rules& rules, Faults& faults);
void decode_value(const boost::json::value& json, boost::json::object& out, const Rules& rules, Faults& faults);

template <class T>
void decode_value(const boost::json::value& json, T& out, const Rules& rules, Faults& faults);

template <Described T>
void decode_object(const boost::json::value& json, T& out, Faults& faults) {
  if (!json.is_object()) return faults.add("must be an object");
  const boost::json::object& object = json.get_object();
  for_each_field<T>([&](const auto& each) {
    faults.enter(std::string(each.name));
    if (const auto* found = object.if_contains(each.name)) {
      decode_value(*found, out.*each.member, each.rules, faults);
    } else if (each.rules.required) {
      faults.add("field required");
    }
    faults.leave();
  });
}

template <class T>
void decode_value(const boost::json::value& json, T& out, const Rules& rules, Faults& faults) {
  if constexpr (is_optional<T>) {
    if (json.is_null()) {
      out.reset();
    } else {
      decode_value(json, out ? *out : out.emplace(), rules, faults);
    }
  } else if constexpr (is_vector<T>) {
    if (!json.is_array()) return faults.add("must be a list");
    check_count(json.get_array().size(), rules, faults);
    out.clear();
    for (const auto& item : json.get_array()) {
      faults.enter(std::to_string(out.size()));
      decode_value(item, out.emplace_back(), Rules{.min_length = 1, .max_length = 1 << 20}, faults);
      faults.leave();
    }
  } else if constexpr (NamedEnum<T>) {
    const auto parsed = json.is_string() ? parse_enum<T>(json.get_string()) : std::nullopt;
    if (!parsed) return faults.add(fmt::format("must be one of: {}", fmt::join(EnumNames<T>::kNames, ", ")));
    out = *parsed;
  } else if constexpr (is_id<T>) {
    const auto parsed = json.is_string() ? T::parse(json.get_string()) : std::nullopt;
    if (!parsed) return faults.add("must be a UUID");
    out = *parsed;
  } else {
    decode_object(json, out, faults);
  }
}

/// Decodes over `start`: what the document leaves out keeps its value there (a default, or the object that a PATCH
/// changes). Every fault is located under `root`.
template <Described T>
Result<T> decode(const boost::json::value& json, std::string root = "body", T start = {}) {
  Faults faults(std::move(root));
  decode_object(json, start, faults);
  if (faults.empty()) return start;
  return Error{.code = ErrorCode::validation_failed, .detail = "the request is not valid", .fields = faults.take()};
}

}  // namespace codelab::base
