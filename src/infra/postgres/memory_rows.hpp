#pragma once

#include <cstdint>
#include <vector>

#include <boost/json/object.hpp>

#include "core/memory/memory.hpp"
#include "infra/postgres/rows.hpp"

namespace codelab::infra::postgres {

/// The leading columns are id, kind, text, metadata, embedding_model, created_at.
core::memory::MemoryItem read_memory(const Rows& rows);

/// Ascending places of those memories whose metadata hold `filter`. The leading columns are position, metadata.
std::vector<std::int64_t> positions_that_hold(Rows rows, const boost::json::object& filter);

}  // namespace codelab::infra::postgres
