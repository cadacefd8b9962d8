#pragma once

#include "config/settings.hpp"
#include "infra/postgres/database_settings.hpp"

namespace codelab::app {

/// The PostgreSQL databases that settings name; there is one at least.
infra::postgres::DatabaseSettings database_settings(const config::Settings& settings);

}  // namespace codelab::app
