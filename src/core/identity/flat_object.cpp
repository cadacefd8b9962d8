#include "core/identity/flat_object.hpp"

#include <limits>

#include <boost/json/basic_parser_impl.hpp>

namespace codelab::core::identity {

/// The events of boost::json::basic_parser, in the order in which it wants them. False stops it with `error`.
struct FlatObjectHandler {
  using Code = boost::json::error_code;
  using View = boost::json::string_view;

  static constexpr std::size_t kMaxMembers = 64;
  static constexpr std::size_t max_object_size = kMaxMembers;
  static constexpr std::size_t max_array_size = 0;
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

  static bool refuse(Code& error) {
    error = boost::json::error::syntax;
    return false;
  }
  bool scalar(FlatObject::Value value, Code& error) {
    if (!in_object) return refuse(error);
    object.members_.back().second = std::move(value);
    return true;
  }

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code& error) {
    if (in_object) return refuse(error);
    in_object = true;
    return true;
  }
  bool on_object_end(std::size_t, Code&) { return true; }
  bool on_array_begin(Code& error) { return refuse(error); }
  bool on_array_end(std::size_t, Code& error) { return refuse(error); }
  bool on_key_part(View part, std::size_t, Code&) { return collect(part); }
  bool on_key(View part, std::size_t, Code& error) {
    collect(part);
    if (object.contains(pending)) return refuse(error);
    object.members_.emplace_back(std::exchange(pending, {}), FlatObject::Value{});
    return true;
  }
  bool on_string_part(View part, std::size_t, Code&) { return collect(part); }
  bool on_string(View part, std::size_t, Code& error) {
    collect(part);
    return scalar(std::exchange(pending, {}), error);
  }
  bool on_number_part(View, Code&) { return true; }
  bool on_int64(std::int64_t value, View, Code& error) { return scalar(value, error); }
  bool on_uint64(std::uint64_t, View, Code& error) { return scalar({}, error); }
  bool on_double(double, View, Code& error) { return scalar({}, error); }
  bool on_bool(bool, Code& error) { return scalar({}, error); }
  bool on_null(Code& error) { return scalar({}, error); }
  bool on_comment_part(View, Code& error) { return refuse(error); }
  bool on_comment(View, Code& error) { return refuse(error); }

  bool collect(View part) {
    pending.append(part.data(), part.size());
    return true;
  }

  FlatObject object;
  std::string pending;
  bool in_object = false;
};

std::optional<FlatObject> FlatObject::parse(std::string_view json) {
  boost::json::basic_parser<FlatObjectHandler> parser{boost::json::parse_options{}};
  boost::json::error_code error;
  const std::size_t read = parser.write_some(false, json.data(), json.size(), error);
  if (error || read != json.size() || !parser.done()) return std::nullopt;
  return std::move(parser.handler().object);
}

const FlatObject::Value* FlatObject::find(std::string_view name) const {
  for (const auto& [each, value] : members_) {
    if (each == name) return &value;
  }
  return nullptr;
}

const std::string* FlatObject::text(std::string_view name) const {
  const Value* value = find(name);
  return value == nullptr ? nullptr : std::get_if<std::string>(value);
}

std::optional<std::int64_t> FlatObject::integer(std::string_view name) const {
  const Value* value = find(name);
  const auto* number = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
  return number == nullptr ? std::nullopt : std::optional(*number);
}

}  // namespace codelab::core::identity
