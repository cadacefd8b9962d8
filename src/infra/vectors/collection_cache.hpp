#pragma once

#include "infra/derived/derived_cache.hpp"
#include "infra/vectors/cached_collection.hpp"

namespace codelab::infra::vectors {

/// The vector collections at hand.
using CollectionCache = derived::DerivedCache<CachedCollection>;

}  // namespace codelab::infra::vectors
