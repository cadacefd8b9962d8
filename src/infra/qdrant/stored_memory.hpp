#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "base/describe/fields.hpp"
#include "core/identity/user_scope.hpp"
#include "core/memory/ports.hpp"
#include "infra/words/word_index.hpp"

namespace codelab::infra::qdrant {

/// The payload of a point.
struct StoredMemory {
  std::string tenant;
  std::string user;
  core::memory::MemoryKind kind = core::memory::MemoryKind::note;
  std::string text;
  /// JSON as text: Qdrant never looks into it.
  std::string metadata = "{}";
  /// What a metadata filter looks for, see metadata_facts.hpp.
  std::vector<std::string> facts;
  /// Each word of the text once, see sparse_words.hpp.
  std::vector<std::int64_t> words;
  std::string model;
  std::int64_t text_bytes = 0;
  /// Microseconds since 1970: below 2^53, for Qdrant compares ranges as doubles.
  std::int64_t created_at = 0;

  static constexpr std::string_view kName = "StoredMemory";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("tenant", &StoredMemory::tenant), field("user", &StoredMemory::user),
                        field("kind", &StoredMemory::kind), field("text", &StoredMemory::text),
                        field("metadata", &StoredMemory::metadata), field("facts", &StoredMemory::facts),
                        field("words", &StoredMemory::words), field("model", &StoredMemory::model),
                        field("text_bytes", &StoredMemory::text_bytes), field("created_at", &StoredMemory::created_at));
  }
};

/// A selector of those parts of a payload that make a MemoryItem.
inline constexpr std::string_view kItemPayload = R"({"include":["kind","text","metadata","model","created_at"]})";
/// When a point was made, and nothing else.
inline constexpr std::string_view kAgePayload = R"({"include":["created_at"]})";

/// A point as an upsert wants it; `counted` are the words of its text.
std::string point_of(const core::identity::UserScope& scope, const base::AgentId& agent,
                     const core::memory::NewMemory& memory, const words::CountedText& counted);

/// Throws base::StoreError for what no point of ours can hold.
core::memory::MemoryItem item_of(const std::string& id, const StoredMemory& stored);

}  // namespace codelab::infra::qdrant
