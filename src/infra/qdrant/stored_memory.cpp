#include "infra/qdrant/stored_memory.hpp"

#include <fmt/format.h>

#include "base/describe/encode.hpp"
#include "base/describe/parse_json.hpp"
#include "base/store_error.hpp"
#include "infra/qdrant/layout.hpp"
#include "infra/qdrant/metadata_facts.hpp"
#include "infra/qdrant/sparse_words.hpp"
#include "infra/qdrant/vector_json.hpp"

namespace codelab::infra::qdrant {

std::string point_of(const core::identity::UserScope& scope, const base::AgentId& agent,
                     const core::memory::NewMemory& memory, const words::CountedText& counted) {
  const auto& item = memory.item;
  const auto words = words_of_text(counted);
  const StoredMemory stored{.tenant = tenant_of(scope.user(), agent),
                            .user = scope.user().str(),
                            .kind = item.kind,
                            .text = item.text,
                            .metadata = base::encode(item.metadata),
                            .facts = facts_of(item.metadata),
                            .words = words.indices,
                            .model = memory.embedding.model,
                            .text_bytes = static_cast<std::int64_t>(item.text.size()),
                            .created_at = base::to_micros(item.created_at)};
  const std::string sparse = words.indices.empty() ? "" : fmt::format(R"(,"words":{})", sparse_json(words));
  return fmt::format(R"({{"id":"{}","vector":{{"dense":{}{}}},"payload":{}}})", item.id.str(),
                     vector_json(memory.embedding.values), sparse, base::encode(stored));
}

core::memory::MemoryItem item_of(const std::string& id, const StoredMemory& stored) {
  const auto memory = base::MemoryId::parse(id);
  auto metadata = base::parse_json(stored.metadata);
  if (!memory || !metadata || !metadata->is_object()) throw base::StoreError("qdrant: a point is no memory: " + id);
  return {.id = *memory,
          .kind = stored.kind,
          .text = stored.text,
          .metadata = std::move(metadata->get_object()),
          .embedding_model = stored.model,
          .created_at = base::from_micros(stored.created_at)};
}

}  // namespace codelab::infra::qdrant
