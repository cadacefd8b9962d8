#include "base/describe/parse_json.hpp"

#include <charconv>
#include <string>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

namespace codelab::base {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 32;

/// Builds the value from the events of json::basic_parser. json::parse would do, did it not read doubles one unit off.
struct ValueBuilder {
  using Code = json::error_code;
  using View = json::string_view;

  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return true; }
  bool on_object_end(std::size_t members, Code&) { return values.push_object(members), true; }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t items, Code&) { return values.push_array(items), true; }
  bool on_key_part(View part, std::size_t, Code&) { return values.push_chars(part), true; }
  bool on_key(View part, std::size_t, Code&) { return values.push_key(part), true; }
  bool on_string_part(View part, std::size_t, Code&) { return values.push_chars(part), true; }
  bool on_string(View part, std::size_t, Code&) { return values.push_string(part), true; }
  bool on_number_part(View part, Code&) { return digits.append(part.data(), part.size()), true; }
  bool on_int64(std::int64_t value, View, Code&) { return digits.clear(), values.push_int64(value), true; }
  bool on_uint64(std::uint64_t value, View, Code&) { return digits.clear(), values.push_uint64(value), true; }
  bool on_double(double value, View part, Code&) {
    digits.append(part.data(), part.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    digits.clear();
    return values.push_double(value), true;
  }
  bool on_bool(bool value, Code&) { return values.push_bool(value), true; }
  bool on_null(Code&) { return values.push_null(), true; }
  bool on_comment_part(View, Code&) { return true; }
  bool on_comment(View, Code&) { return true; }

  json::value_stack values;
  /// Of the number that is being read.
  std::string digits;
};

}  // namespace

Result<json::value> parse_json(std::string_view text) {
  json::basic_parser<ValueBuilder> parser{json::parse_options{.max_depth = kMaxDepth}};
  parser.handler().values.reset();
  json::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read != text.size()) error = json::error::extra_data;
  if (error) return make_error(ErrorCode::malformed_json, "the body is not valid JSON: " + error.message());
  return parser.handler().values.release();
}

}  // namespace codelab::base
