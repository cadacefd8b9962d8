#pragma once

#include "config/settings.hpp"

namespace codelab::app {

/// Serves until SIGTERM or SIGINT, then drains and returns 0; 1 with a logged reason when it could not start.
int serve(const config::Settings& settings);

}  // namespace codelab::app
