#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/task.hpp"
#include "base/task_group.hpp"

namespace codelab::app {

/// Whether stores do now what they must. All are looked at at the same time, and none is waited for longer than it is
/// given: one that is late is away. Its look goes on in `work` until the store's own deadlines end it, and no other
/// one is begun before that: a store that hangs is not asked again and again. Thread-safe.
class StoreLooks {
 public:
  struct Store {
    std::string name;
    /// Throws, with the reason, when the store is away.
    std::function<base::Task<>()> look;
    std::chrono::milliseconds patience;
  };
  struct State {
    std::string name;
    bool is_well = false;
  };

  /// The looks run on `executor`, a core's own. `work` outlives this, and has ended before what the looks use goes.
  StoreLooks(std::vector<Store> stores, base::Executor executor, base::TaskGroup& work);
  ~StoreLooks();

  /// Which stores are well, in the order in which they were given. Says in the log why the others are not.
  base::Task<std::vector<State>> now();

 private:
  /// One look, while it is under way and afterwards. Touched on the executor only.
  struct Look;
  struct Watched {
    Store store;
    std::shared_ptr<Look> look;
  };

  base::Task<std::vector<State>> now_here();
  std::shared_ptr<Look> look_under_way(Watched& watched);
  static base::Task<> run(std::string name, base::Task<> looking, std::shared_ptr<Look> look);
  static base::Task<> wait_for(std::shared_ptr<Look> look, std::chrono::steady_clock::time_point deadline);

  std::vector<Watched> watched_;
  const base::Executor executor_;
  base::TaskGroup& work_;
};

}  // namespace codelab::app
