#pragma once

#include <array>
#include <optional>
#include <string>

#include <boost/json/object.hpp>

#include "base/clock.hpp"
#include "base/describe/fields.hpp"
#include "base/ids.hpp"

namespace codelab::core::memory {

/// `interaction`: a question and its answer, stored by itself; `note`: put there by a call.
enum class MemoryKind : std::uint8_t { interaction, note };

struct MemoryItem {
  base::MemoryId id;
  MemoryKind kind = MemoryKind::note;
  std::string text;
  boost::json::object metadata;
  /// The vector space that it is found in.
  std::string embedding_model;
  base::Timestamp created_at;

  static constexpr std::string_view kName = "MemoryItem";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("id", &MemoryItem::id), field("kind", &MemoryItem::kind),
                        field("text", &MemoryItem::text), field("metadata", &MemoryItem::metadata),
                        field("embedding_model", &MemoryItem::embedding_model),
                        field("created_at", &MemoryItem::created_at));
  }
};

/// How a hit earned its place; each part is 0 to 1.
struct ScoreParts {
  /// Cosine of query and memory; 0 when they are of different embedding models.
  double semantic = 0;
  /// BM25 over what it could reach at most for this query, with this agent's own statistics.
  double lexical = 0;

  static constexpr std::string_view kName = "ScoreParts";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("semantic", &ScoreParts::semantic), field("lexical", &ScoreParts::lexical));
  }
};

struct MemoryHit {
  MemoryItem memory;
  double score = 0;
  ScoreParts parts;

  static constexpr std::string_view kName = "MemoryHit";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("memory", &MemoryHit::memory), field("score", &MemoryHit::score),
                        field("parts", &MemoryHit::parts));
  }
};

struct MemoryStats {
  std::int64_t count = 0;
  std::int64_t interactions = 0;
  std::int64_t notes = 0;
  std::int64_t text_bytes = 0;
  std::int64_t vector_bytes = 0;
  std::vector<std::string> embedding_models;
  std::optional<base::Timestamp> oldest;
  std::optional<base::Timestamp> newest;

  static constexpr std::string_view kName = "MemoryStats";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("count", &MemoryStats::count), field("interactions", &MemoryStats::interactions),
                        field("notes", &MemoryStats::notes), field("text_bytes", &MemoryStats::text_bytes),
                        field("vector_bytes", &MemoryStats::vector_bytes),
                        field("embedding_models", &MemoryStats::embedding_models),
                        field("oldest", &MemoryStats::oldest), field("newest", &MemoryStats::newest));
  }
};

/// What to forget. Each bound applies when it is there.
struct PruneRule {
  std::optional<std::int64_t> max_items;
  std::optional<base::Timestamp> older_than;
};

}  // namespace codelab::core::memory

template <>
struct codelab::base::EnumNames<codelab::core::memory::MemoryKind> {
  static constexpr std::array<std::string_view, 2> kNames{"interaction", "note"};
};
