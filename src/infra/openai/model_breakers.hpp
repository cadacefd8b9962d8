#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "core/models/shared_breaker.hpp"

namespace codelab::infra::openai {

/// A circuit breaker for each model: users name models freely, and what a bad name brings about must not keep the
/// others' calls away. Thread-safe.
class ModelBreakers {
 public:
  /// For one model more, that which was not asked for the longest is forgotten, one that is closed before any other.
  static constexpr std::size_t kMaxModels = 256;

  explicit ModelBreakers(core::models::BreakerLimits limits, std::size_t max_models = kMaxModels)
      : limits_(limits), max_models_(max_models) {}

  /// What is returned stays good when the model is forgotten here.
  core::models::SharedBreaker of(std::string_view model);

 private:
  struct Known {
    core::models::SharedBreaker breaker;
    std::uint64_t asked = 0;
  };

  void make_room();

  const core::models::BreakerLimits limits_;
  const std::size_t max_models_;
  std::mutex mutex_;
  std::map<std::string, Known, std::less<>> known_;
  std::uint64_t asked_ = 0;
};

}  // namespace codelab::infra::openai
