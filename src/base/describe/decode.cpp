#include "base/describe/decode.hpp"

#include <algorithm>
#include <cmath>

#include <boost/json/value.hpp>

namespace codelab::base {
namespace {

/// Code points of valid UTF-8: every byte but those that continue one.
std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace

void check_text(std::string_view text, const Rules& rules, Faults& faults) {
  const std::size_t characters = count_characters(text);
  if (characters < rules.min_length) {
    faults.add(rules.min_length == 1 ? "must not be empty"
                                     : fmt::format("must have at least {} characters", rules.min_length));
  }
  if (characters > rules.max_length) faults.add(fmt::format("must have at most {} characters", rules.max_length));
}

void check_number(double value, const Rules& rules, Faults& faults) {
  if (value < rules.minimum) faults.add(fmt::format("must be at least {}", rules.minimum));
  if (value > rules.maximum) faults.add(fmt::format("must be at most {}", rules.maximum));
}

void check_count(std::size_t count, const Rules& rules, Faults& faults) {
  if (count < rules.min_length) faults.add(fmt::format("must have at least {} items", rules.min_length));
  if (count > rules.max_length) faults.add(fmt::format("must have at most {} items", rules.max_length));
}

void decode_value(const boost::json::value& json, bool& out, const Rules&, Faults& faults) {
  if (!json.is_bool()) return faults.add("must be true or false");
  out = json.get_bool();
}

void decode_value(const boost::json::value& json, std::int64_t& out, const Rules& rules, Faults& faults) {
  boost::system::error_code error;
  const auto number = json.to_number<std::int64_t>(error);
  if (error) return faults.add("must be a whole number");
  check_number(static_cast<double>(number), rules, faults);
  out = number;
}

void decode_value(const boost::json::value& json, double& out, const Rules& rules, Faults& faults) {
  boost::system::error_code error;
  const auto number = json.to_number<double>(error);
  if (error) return faults.add("must be a number");
  check_number(number, rules, faults);
  out = number;
}

void decode_value(const boost::json::value& json, std::string& out, const Rules& rules, Faults& faults) {
  if (!json.is_string()) return faults.add("must be a string");
  const auto& text = json.get_string();
  check_text(text, rules, faults);
  if (std::string_view{text}.contains('\0')) faults.add("must not contain NUL");
  out.assign(text.data(), text.size());
}

void decode_value(const boost::json::value& json, boost::json::object& out, const Rules&, Faults& faults) {
  if (!json.is_object()) return faults.add("must be an object");
  out = json.get_object();
}

}  // namespace codelab::base
