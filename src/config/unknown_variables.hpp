#pragma once

#include <string>
#include <vector>

namespace codelab::config {

/// The names of variables that look like settings (`CODELAB_…`) and are none, in order: a slip of the pen, or a
/// setting of another version. What belongs to the test suites is left out. `environment` is laid out as `environ`.
std::vector<std::string> unknown_variables(const char* const* environment);

}  // namespace codelab::config
