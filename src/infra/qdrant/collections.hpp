#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/task.hpp"
#include "infra/qdrant/client.hpp"
#include "infra/qdrant/layout.hpp"

namespace codelab::infra::qdrant {

/// Our collections: makes them, checks that they are what they must be, and knows which embedding spaces there are.
/// Thread-safe; throws base::StoreError.
class Collections {
 public:
  Collections(Client& client, const Layout& layout) : client_(client), layout_(layout) {}

  /// Returns when the collection is there with all its indexes. One that was checked before is not looked at again.
  /// Throws too, in words for an operator, when it is not what it must be, or would be one too many.
  base::Task<> ensure(std::string collection, Space space);
  /// It has gone: the next ensure() looks again.
  void forget(const std::string& collection);

  /// The spaces that memories may be in. Those that only another process has begun to use within the last minute may be
  /// missing.
  base::Task<std::vector<Space>> spaces(Deadline deadline = Deadline::max());
  /// The same, `own` first.
  base::Task<std::vector<Space>> spaces_with(Space own, Deadline deadline);

  /// The names of our collections, asked now.
  base::Task<std::vector<std::string>> names(Deadline deadline = Deadline::max());
  /// With all that is in it. One that is not there is no error.
  base::Task<> drop(std::string collection);

 private:
  using Steady = std::chrono::steady_clock;

  base::Task<> create(std::string collection, Space space);
  base::Task<bool> check(std::string collection, Space space);
  bool is_time_to_look();
  bool is_checked(const std::string& collection) const;
  void note(const std::vector<Space>& seen);
  std::vector<Space> known() const;

  Client& client_;
  const Layout& layout_;
  mutable std::mutex mutex_;
  std::unordered_set<std::string> checked_;
  std::vector<Space> spaces_;
  bool has_looked_ = false;
  Steady::time_point look_again_at_;
};

}  // namespace codelab::infra::qdrant
