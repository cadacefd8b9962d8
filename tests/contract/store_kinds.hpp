#pragma once

#include <vector>

#include "tests/contract/stores.hpp"

namespace codelab::tests {

std::vector<StoreKind> sqlite_kinds();
/// Stores on a server that the tests start, once a process.
std::vector<StoreKind> postgres_kinds();
/// Memories on the shared Qdrant of the tests, in each layout; everything else in SQLite.
std::vector<StoreKind> qdrant_kinds();

}  // namespace codelab::tests
