#include "infra/openai/model_breakers.hpp"

#include <algorithm>
#include <utility>

namespace codelab::infra::openai {
using core::models::SharedBreaker;

SharedBreaker ModelBreakers::of(std::string_view model) {
  const std::scoped_lock lock(mutex_);
  auto found = known_.find(model);
  if (found == known_.end()) {
    make_room();
    found = known_.emplace(std::string(model), Known{.breaker = SharedBreaker(limits_)}).first;
  }
  found->second.asked = ++asked_;
  return found->second.breaker;
}

void ModelBreakers::make_room() {
  if (known_.size() < max_models_) return;
  const auto worth = [](const auto& each) {
    const bool closed = each.second.breaker.state() == core::models::BreakerState::closed;
    return std::pair(!closed, each.second.asked);
  };
  known_.erase(std::ranges::min_element(known_, {}, worth));
}

}  // namespace codelab::infra::openai
