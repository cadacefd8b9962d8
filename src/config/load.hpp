#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"

namespace codelab::config {

/// How a variable of the environment is looked up; getenv outside of tests.
using Environment = const char* (*)(const char* name);

struct Loaded {
  Settings settings;
  /// Each fault in words: what is wrong, where it was set, what it may be. Empty: usable.
  std::vector<std::string> faults;
};

/// Defaults, then the file, then the environment.
Loaded load(const std::optional<std::filesystem::path>& file, Environment environment);

/// The reference of every setting, as Markdown.
std::string documentation();

}  // namespace codelab::config
