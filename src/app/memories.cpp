#include "app/memories.hpp"

#include "app/usable.hpp"

namespace codelab::app {
namespace {

constexpr std::chrono::seconds kStopTimeout{2};

}  // namespace

infra::qdrant::Options qdrant_options(const config::Settings& settings) {
  infra::qdrant::Options options;
  options.url = settings.qdrant_url;
  options.api_key = settings.qdrant_api_key;
  options.ca_file = settings.qdrant_ca_file;
  options.layout = settings.qdrant_layout == "collection" ? infra::qdrant::LayoutKind::collection
                                                          : infra::qdrant::LayoutKind::tenant;
  options.search_timeout = std::chrono::seconds{settings.qdrant_search_seconds};
  return options;
}

Memories::Memories(const config::Settings& settings, base::Cores& cores, Storage& storage,
                   core::memory::PruneTurns& prune_turns)
    : storage_(storage) {
  if (settings.qdrant_url.empty()) return;
  auto options = usable(infra::qdrant::validated(qdrant_options(settings)), "storage.qdrant_url");
  apart_ = std::make_unique<infra::qdrant::QdrantMemoryStore>(std::move(options), cores, storage.agents(),
                                                              storage.own_stream(), prune_turns);
  erasure_.emplace(core::memory::MemoryErasure::Parts{
      .memories = *apart_, .agents = storage.agents(), .cores = cores, .work = work_});
}

base::Task<> Memories::look() {
  if (apart_) co_await apart_->prepare();
}

void Memories::start() {
  if (erasure_) erasure_->start();
}

void Memories::stop() {
  work_.cancel();
  work_.drain(kStopTimeout);
}

}  // namespace codelab::app
