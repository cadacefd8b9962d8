#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "app/storage.hpp"
#include "base/cores.hpp"
#include "base/task_group.hpp"
#include "config/settings.hpp"
#include "core/memory/memory_erasure.hpp"
#include "core/memory/prune_turns.hpp"
#include "infra/qdrant/memory_store.hpp"

namespace codelab::app {

/// As set, not yet checked.
infra::qdrant::Options qdrant_options(const config::Settings& settings);

/// Where agents' memories are: in the database with everything else, or apart on a Qdrant server. Destroyed after the
/// cores have stopped, before they are destroyed.
class Memories {
 public:
  /// Calls nobody yet. Throws std::runtime_error with words for an operator.
  Memories(const config::Settings& settings, base::Cores& cores, Storage& storage,
           core::memory::PruneTurns& prune_turns);

  core::memory::MemoryStore& store() { return apart_ ? *apart_ : storage_.memories(); }
  /// What must hear of the end of agents and users; none where their memories go with them by themselves.
  core::memory::MemoryErasure* erasure() { return erasure_ ? &*erasure_ : nullptr; }
  /// As operators know the store that stands apart: "qdrant"; empty while memories are in the database.
  std::string_view name() const { return apart_ ? "qdrant" : ""; }
  /// Whether that one can be used now: throws base::StoreError, with the reason, when it cannot.
  base::Task<> look();

  /// Looks at the collections and drops what belongs to nobody any more, in the background. The cores run.
  void start();
  /// Waits for what is being dropped.
  void stop();

 private:
  Storage& storage_;
  base::TaskGroup work_{"erasure of memories"};
  std::unique_ptr<infra::qdrant::QdrantMemoryStore> apart_;
  std::optional<core::memory::MemoryErasure> erasure_;
};

}  // namespace codelab::app
