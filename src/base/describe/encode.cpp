#include "base/describe/encode.hpp"

#include <boost/json/value.hpp>

namespace codelab::base {
namespace {

void append(std::string& out, const boost::json::value& value);

void append(std::string& out, const boost::json::array& array) {
  out.push_back('[');
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (i > 0) out.push_back(',');
    append(out, array[i]);
  }
  out.push_back(']');
}

void append(std::string& out, const boost::json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::object:
      return encode_value(out, value.get_object());
    case boost::json::kind::array:
      return append(out, value.get_array());
    case boost::json::kind::string:
      return append_json_string(out, value.get_string());
    case boost::json::kind::double_:
      return append_json_number(out, value.get_double());
    case boost::json::kind::int64:
      out += std::to_string(value.get_int64());
      return;
    case boost::json::kind::uint64:
      out += std::to_string(value.get_uint64());
      return;
    case boost::json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case boost::json::kind::null:
      out += "null";
      return;
  }
}

}  // namespace

void encode_value(std::string& out, const boost::json::object& value) {
  char separator = '{';
  for (const auto& [key, member] : value) {
    out.push_back(separator);
    separator = ',';
    append_json_string(out, key);
    out.push_back(':');
    append(out, member);
  }
  out += value.empty() ? "{}" : "}";
}

}  // namespace codelab::base
