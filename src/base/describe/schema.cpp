#include "base/describe/schema.hpp"

namespace codelab::base {
namespace {

void add_lengths(boost::json::object& schema, const Rules& rules, const char* minimum, const char* maximum) {
  if (rules.min_length > 0) schema[minimum] = rules.min_length;
  if (rules.max_length != Rules{}.max_length) schema[maximum] = rules.max_length;
}

/// The part of a schema that bounds belong to: the first choice of an optional, else the schema itself.
boost::json::object& bounded_part(boost::json::object& schema) {
  auto* choices = schema.if_contains("anyOf");
  return choices == nullptr ? schema : choices->as_array().front().as_object();
}

}  // namespace

void add_bounds(boost::json::object& schema, const Rules& rules) {
  boost::json::object& part = bounded_part(schema);
  // A copy: what is added moves the members.
  const boost::json::value type = part.contains("type") ? part["type"] : boost::json::value();
  if (type == "string") add_lengths(part, rules, "minLength", "maxLength");
  if (type == "array") add_lengths(part, rules, "minItems", "maxItems");
  if (std::isfinite(rules.minimum)) part["minimum"] = rules.minimum;
  if (std::isfinite(rules.maximum)) part["maximum"] = rules.maximum;
  if (!rules.doc.empty()) schema["description"] = boost::json::string(rules.doc);
}

}  // namespace codelab::base
