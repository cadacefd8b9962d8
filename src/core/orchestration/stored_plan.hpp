#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include <boost/asio/steady_timer.hpp>

#include "base/clock.hpp"
#include "core/chat/call.hpp"
#include "core/orchestration/plan_store.hpp"

namespace codelab::core::orchestration {

/// The plan of a task that this process works on, as the store has it: those who work on it change it here, its user
/// and other processes there. For one executor; what it waits for is on that.
class StoredPlan {
 public:
  /// All of it outlives this. A store that is away is tried again `before_asking_again`, for some tries.
  StoredPlan(PlanStore& store, const base::Clock& clock, const chat::Call& call, Plan plan,
             std::chrono::milliseconds before_asking_again, const base::Executor& executor)
      : store_(store),
        clock_(clock),
        call_(call),
        plan_(std::move(plan)),
        before_asking_again_(before_asking_again),
        changed_(executor, std::chrono::steady_clock::time_point::max()) {}

  const Plan& operator*() const { return plan_; }
  const Plan* operator->() const { return &plan_; }

  /// Changes the plan as it will be, and says what else goes with that; false when there is nothing to change. Called
  /// again with what somebody else has made of the plan meanwhile.
  using Edit = std::function<bool(Plan& plan, PlanChange& change)>;
  /// Throws chat::TaskGone when the plan's task has ended, base::StoreError when the store stays away.
  base::Task<> change(Edit edit);
  /// Takes up what was changed elsewhere. Nothing happens when the store is away. Throws chat::TaskGone.
  base::Task<> reload();

  /// Until the next notify(), which each change does.
  base::Task<> wait_for_change();
  void notify() { changed_.cancel(); }

 private:
  /// Nothing when the store did not answer.
  base::Task<std::optional<Changed>> try_change(PlanChange change);
  base::Task<std::optional<Plan>> read();

  PlanStore& store_;
  const base::Clock& clock_;
  const chat::Call& call_;
  Plan plan_;
  const std::chrono::milliseconds before_asking_again_;
  /// Never expires: cancelled when something has changed.
  boost::asio::steady_timer changed_;
  bool storing_ = false;
};

}  // namespace codelab::core::orchestration
