#pragma once

#include <string_view>

#include <boost/json/value.hpp>

#include "base/result.hpp"

namespace codelab::base {

/// Strict JSON (RFC 8259) to a value; bounded depth. A number is the double next to it, so that what is read and
/// written again stays the same. The error is malformed_json.
Result<boost::json::value> parse_json(std::string_view text);

}  // namespace codelab::base
