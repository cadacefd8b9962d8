#include "infra/vectors/cached_collection.hpp"

#include <utility>

namespace codelab::infra::vectors {

CachedCollection::CachedCollection(QuantizedCollection collection)
    : collection_(std::move(collection)), bytes_(collection_.bytes()) {}

std::shared_lock<std::shared_mutex> CachedCollection::reading() const {
  const std::lock_guard turn(turn_);
  return std::shared_lock(mutex_);
}

std::unique_lock<std::shared_mutex> CachedCollection::writing() const {
  const std::lock_guard turn(turn_);
  return std::unique_lock(mutex_);
}

std::vector<Candidate> CachedCollection::search(std::span<const float> query, std::size_t top,
                                                std::optional<std::span<const std::int64_t>> allowed_ids) const {
  const auto lock = reading();
  return collection_.search(query, top, allowed_ids);
}

void CachedCollection::add(std::int64_t row_id, std::span<const float> unit_vector) {
  const auto lock = writing();
  collection_.add(row_id, unit_vector);
  bytes_.store(collection_.bytes(), std::memory_order_relaxed);
}

bool CachedCollection::remove(std::int64_t row_id) {
  const auto lock = writing();
  const bool removed = collection_.remove(row_id);
  bytes_.store(collection_.bytes(), std::memory_order_relaxed);
  return removed;
}

std::optional<std::vector<Match>> CachedCollection::rescore(std::span<const float> query,
                                                            std::span<const Candidate> candidates,
                                                            std::size_t top_k) const {
  const auto lock = reading();
  if (!collection_.keeps_vectors()) return std::nullopt;
  const auto fetch = [this](std::int64_t row_id) { return collection_.vector_of(row_id); };
  return vectors::rescore(query, candidates, top_k, fetch);
}

std::size_t CachedCollection::size() const {
  const auto lock = reading();
  return collection_.size();
}

bool CachedCollection::contains(std::int64_t row_id) const {
  const auto lock = reading();
  return collection_.contains(row_id);
}

}  // namespace codelab::infra::vectors
