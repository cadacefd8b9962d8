#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/settings.hpp"

namespace codelab::config {

struct TextRule {
  std::string& (*value)(Settings&);
  /// Allowed values; empty allows any.
  std::vector<std::string_view> choices = {};
};

struct NumberRule {
  std::int64_t& (*value)(Settings&);
  std::int64_t minimum = 0;
  std::int64_t maximum = 0;
};

/// One setting: its name in a file, in the environment, what it means, and its bounds. Its default is that of Settings.
struct Property {
  /// `table.key` in TOML.
  std::string_view key;
  std::string_view environment;
  /// A name that other programs use for the same thing; CODELAB's own wins over it. May be empty.
  std::string_view common_environment;
  std::string_view help;
  std::variant<TextRule, NumberRule> rule;
};

/// Every setting, in the order of the documentation.
std::span<const Property> properties();

}  // namespace codelab::config
