#include "infra/postgres/memory_indexes.hpp"

namespace codelab::infra::postgres {

std::shared_ptr<MemoryIndex> MemoryIndexes::open(const vectors::VectorSpace& space) {
  const auto key = vectors::key_of(space);
  derived::Residents<MemoryIndex>::Dropped dropped;
  const std::lock_guard lock(mutex_);
  if (auto found = residents_.use(key)) return found;
  auto index = std::make_shared<MemoryIndex>(static_cast<std::size_t>(space.dimension));
  dropped = residents_.put(key, index);
  return index;
}

void MemoryIndexes::changed(const vectors::VectorSpace& space, const MemoryIndex& index) {
  derived::Residents<MemoryIndex>::Dropped dropped;
  const std::lock_guard lock(mutex_);
  dropped = residents_.recount(vectors::key_of(space), index);
}

void MemoryIndexes::drop(const vectors::VectorSpace& space, const MemoryIndex& index) {
  const auto key = vectors::key_of(space);
  std::shared_ptr<MemoryIndex> dropped;
  const std::lock_guard lock(mutex_);
  if (residents_.find(key).get() == &index) dropped = residents_.erase(key);
}

std::size_t MemoryIndexes::bytes() const {
  const std::lock_guard lock(mutex_);
  return residents_.bytes();
}

std::size_t MemoryIndexes::size() const {
  const std::lock_guard lock(mutex_);
  return residents_.size();
}

}  // namespace codelab::infra::postgres
