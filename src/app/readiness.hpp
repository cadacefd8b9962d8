#pragma once

#include <vector>

#include "app/store_looks.hpp"
#include "base/task.hpp"
#include "http/handlers/service/service.hpp"

namespace codelab::app {

struct Platform;

/// What a platform needs from outside: the database first, then what it can do without.
std::vector<StoreLooks::Store> stores_of(Platform& platform);

/// What /health/ready says of a platform that serves, in under a second whatever its stores do.
base::Task<http::handlers::Readiness> readiness_of(Platform& platform);

}  // namespace codelab::app
