#include "app/storage.hpp"

namespace codelab::app {

std::unique_ptr<Storage> open_storage(const config::Settings& settings, const StorageSurroundings& surroundings) {
  return settings.database_url.empty() ? open_sqlite_storage(settings, surroundings)
                                       : open_postgres_storage(settings, surroundings);
}

}  // namespace codelab::app
