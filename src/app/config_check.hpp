#pragma once

#include <string>
#include <vector>

#include "config/settings.hpp"

namespace codelab::app {

/// What is wrong with the things that the settings point at, tried as `serve` would use them: the data folder, the
/// address to listen on, the secrets, the price table. Each in words, with the setting's name. Leaves nothing behind;
/// blocks for as long as resolving the host's name takes.
std::vector<std::string> faults_behind(const config::Settings& settings);

}  // namespace codelab::app
