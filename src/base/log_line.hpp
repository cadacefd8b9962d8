#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/log.hpp"

namespace codelab::base::log {

/// One line of the log as JSON, stamped now, without its line break. Thread-safe.
std::string format_line(Level level, std::string_view event, std::initializer_list<Field> fields);

}  // namespace codelab::base::log
