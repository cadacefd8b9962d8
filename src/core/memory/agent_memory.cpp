#include "core/memory/agent_memory.hpp"

#include <algorithm>

namespace codelab::core::memory {
namespace {

/// What an embedding model gets of a long text: about 2,000 tokens, inside every common model's bound.
constexpr std::size_t kMaxEmbeddedBytes = 8'000;
constexpr std::int64_t kCandidatesPerHit = 4;
constexpr std::int64_t kMinCandidates = 20;
constexpr unsigned kPruneEvery = 64;
constexpr std::int64_t kExactBound = 1'000;

}  // namespace

std::string_view utf8_prefix(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0U) == 0x80U) --bytes;
  return text.substr(0, bytes);
}

base::Task<base::Result<models::Embedding>> AgentMemory::embed(std::string text) {
  std::vector<std::string> texts{std::string(utf8_prefix(text, kMaxEmbeddedBytes))};
  auto embedded = co_await embedder_.embed(std::move(texts));
  if (!embedded) co_return embedded.error();
  co_return std::move(embedded->front());
}

base::Task<base::Result<std::vector<MemoryHit>>> AgentMemory::search(identity::UserScope scope, base::AgentId agent,
                                                                     Search search) {
  auto embedding = co_await embed(search.text);
  if (!embedding) co_return embedding.error();
  MemoryQuery query{.text = std::move(search.text),
                    .embedding = std::move(*embedding),
                    .candidates = std::max(kMinCandidates, search.top_k * kCandidatesPerHit),
                    .top_k = search.top_k,
                    .min_score = search.min_score,
                    .filter = std::move(search.filter)};
  co_return co_await store_.search(scope, agent, std::move(query));
}

base::Task<base::Result<MemoryItem>> AgentMemory::remember(identity::UserScope scope, base::AgentId agent,
                                                           Remember what) {
  auto embedding = co_await embed(what.text);
  if (!embedding) co_return embedding.error();
  MemoryItem item{.id = what.id,
                  .kind = what.kind,
                  .text = std::move(what.text),
                  .metadata = std::move(what.metadata),
                  .embedding_model = embedding->model,
                  .created_at = clock_.now()};
  NewMemory memory{.item = std::move(item), .embedding = std::move(*embedding)};
  co_return co_await store_.add(scope, agent, std::move(memory));
}

base::Task<std::int64_t> AgentMemory::prune(identity::UserScope scope, base::AgentId agent,
                                            agents::MemoryConfig bounds) {
  const base::Timestamp now = clock_.now();
  PruneRule rule{.max_items = bounds.max_items};
  if (bounds.max_age_days > 0) rule.older_than = now - std::chrono::days{bounds.max_age_days};
  co_return co_await store_.prune(scope, agent, rule, now);
}

/// The last byte of an id is random. A small bound is kept exactly: going over it by some dozens would double it.
base::Task<> AgentMemory::keep_bounds(identity::UserScope scope, base::AgentId agent, agents::MemoryConfig bounds,
                                      base::MemoryId stored) {
  const bool exact = bounds.max_items < kExactBound;
  if (!exact && stored.bytes.back() % kPruneEvery != 0) co_return;
  co_await prune(scope, agent, bounds);
}

}  // namespace codelab::core::memory
