#pragma once

#include <string>
#include <string_view>

namespace codelab::base {

/// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, so the output is always
/// valid JSON.
void append_json_string(std::string& out, std::string_view text);

/// Appends the shortest decimal form that reads back as the same double; NaN and infinities become null.
void append_json_number(std::string& out, double value);

}  // namespace codelab::base
