#include "config/unknown_variables.hpp"

#include <algorithm>
#include <string_view>

#include "config/properties.hpp"

namespace codelab::config {
namespace {

bool is_of_the_tests(std::string_view name) {
  return name.starts_with("CODELAB_TEST_") || name.starts_with("CODELAB_E2E_") || name == "CODELAB_BINARY";
}

bool is_setting(std::string_view name) {
  return std::ranges::find(properties(), name, &Property::environment) != properties().end();
}

}  // namespace

std::vector<std::string> unknown_variables(const char* const* environment) {
  std::vector<std::string> unknown;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view entry = *environment;
    const std::string_view name = entry.substr(0, entry.find('='));
    if (!name.starts_with("CODELAB_") || is_of_the_tests(name) || is_setting(name)) continue;
    unknown.emplace_back(name);
  }
  std::ranges::sort(unknown);
  return unknown;
}

}  // namespace codelab::config
