#pragma once

#include "config/settings.hpp"

namespace codelab::app {

/// Tries each part as `serve` would use it and prints what it found, a line each; 0 when all can work.
int run_doctor(const config::Settings& settings);

}  // namespace codelab::app
