#include "infra/sqlite/readers.hpp"

namespace codelab::infra::sqlite {
namespace {

/// Of each reader: what a search among ten thousand memories goes through.
constexpr std::int64_t kCacheKib = 8LL * 1024;

}  // namespace

Readers::Readers(const std::filesystem::path& file, Settings settings, StoreObserver& observer)
    : observer_(observer), queue_(StoreQueue::read, settings.queue, observer) {
  for (std::size_t i = 0; i < settings.threads; ++i) {
    connections_.push_back(std::make_unique<Connection>(file, Access::read_only, kCacheKib));
  }
  for (auto& connection : connections_) {
    threads_.emplace_back([this, &each = *connection] { serve(each); });
  }
}

Readers::~Readers() {
  queue_.close();
  threads_.clear();
}

void Readers::serve(Connection& connection) {
  while (auto job = queue_.pop()) {
    const auto start = std::chrono::steady_clock::now();
    std::exception_ptr failure;
    try {
      job->run(connection);
    } catch (...) {
      failure = std::current_exception();
    }
    observer_.query(job->operation, std::chrono::steady_clock::now() - start);
    job->resume(std::move(failure));
  }
}

}  // namespace codelab::infra::sqlite
