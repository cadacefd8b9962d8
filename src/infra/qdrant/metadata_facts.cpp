#include "infra/qdrant/metadata_facts.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "base/json_text.hpp"
#include "base/sha256.hpp"
#include "infra/qdrant/conditions.hpp"

namespace codelab::infra::qdrant {
namespace {

namespace json = boost::json;

constexpr std::size_t kDigits = 32;
/// Doubles below it that are whole have one integer that is equal to them.
constexpr double kWholeBelow = 9.2e18;

void append_canonical(std::string& out, const json::value& value);

void append_canonical(std::string& out, double number) {
  if (std::trunc(number) == number && std::abs(number) < kWholeBelow) {
    out += std::to_string(static_cast<std::int64_t>(number));
  } else {
    base::append_json_number(out, number);
  }
}

void append_canonical(std::string& out, const json::object& object) {
  std::vector<std::string_view> keys;
  for (const auto& member : object) keys.push_back(member.key());
  std::ranges::sort(keys);
  out += '{';
  for (const auto key : keys) {
    base::append_json_string(out, key);
    out += ':';
    append_canonical(out, object.at(key));
    out += ',';
  }
  out += '}';
}

void append_canonical(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::object:
      return append_canonical(out, value.get_object());
    case json::kind::array:
      out += '[';
      for (const auto& item : value.get_array()) {
        append_canonical(out, item);
        out += ',';
      }
      out += ']';
      return;
    case json::kind::string:
      return base::append_json_string(out, value.get_string());
    case json::kind::int64:
      out += std::to_string(value.get_int64());
      return;
    case json::kind::uint64:
      out += std::to_string(value.get_uint64());
      return;
    case json::kind::double_:
      return append_canonical(out, value.get_double());
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case json::kind::null:
      out += "null";
      return;
  }
}

std::string fact_of(std::string_view key, const json::value& value) {
  std::string text;
  base::append_json_string(text, key);
  text += ':';
  append_canonical(text, value);
  return base::sha256_hex(text).substr(0, kDigits);
}

}  // namespace

std::vector<std::string> facts_of(const json::object& metadata) {
  std::vector<std::string> facts;
  for (const auto& [key, value] : metadata) facts.push_back(fact_of(key, value));
  return facts;
}

json::array holds_facts(const json::object& filter) {
  json::array conditions;
  for (const auto& fact : facts_of(filter)) conditions.push_back(equals("facts", fact));
  return conditions;
}

}  // namespace codelab::infra::qdrant
