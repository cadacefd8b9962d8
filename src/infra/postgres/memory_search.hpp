#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "base/task.hpp"
#include "core/memory/fusion.hpp"
#include "core/memory/ports.hpp"
#include "infra/postgres/database.hpp"
#include "infra/postgres/memory_indexes.hpp"

namespace codelab::infra::postgres {

/// One search. A first trip leads the index up to what is committed and asks for the filter's memories; more trips
/// follow only when the index lacked many. Then a thread of the pool looks through the index. The last trip brings the
/// texts of what was found, and the vectors to score it with where those are too many to be kept in memory.
class MemorySearch {
 public:
  MemorySearch(Database& database, MemoryIndexes& indexes, boost::asio::thread_pool& threads,
               core::identity::UserScope scope, base::AgentId agent, core::memory::MemoryQuery query);

  /// Called once. Throws base::StoreError.
  base::Task<std::vector<core::memory::MemoryHit>> run();

 private:
  enum class Step : std::uint8_t { read_on, nothing_found, found };
  using Positions = std::vector<std::int64_t>;

  Batch state_and_changes() const;
  Step look(Answer answer);
  Step catch_up(Answer& answer);
  void find_candidates();
  void choose(const std::vector<vectors::Match>& cosines);
  Positions candidates() const;
  std::vector<vectors::Candidate> to_score() const;
  Batch memories_at(const Positions& positions) const;
  void choose_by_stored(Rows rows);
  std::vector<core::memory::MemoryHit> hits(Rows rows) const;

  Database& database_;
  MemoryIndexes& indexes_;
  boost::asio::thread_pool& threads_;
  const core::identity::UserScope scope_;
  const core::memory::MemoryQuery query_;
  const vectors::VectorSpace space_;
  const std::size_t wanted_;
  std::shared_ptr<MemoryIndex> index_;
  /// Where the index was when the database was asked.
  IndexPosition asked_from_;
  std::optional<Positions> allowed_;
  std::vector<vectors::Candidate> nearest_;
  std::vector<words::WordHit> by_words_;
  /// The answer's memories, best first; nullopt as long as their vectors have to be read.
  std::optional<std::vector<core::memory::Candidate>> best_;
};

}  // namespace codelab::infra::postgres
