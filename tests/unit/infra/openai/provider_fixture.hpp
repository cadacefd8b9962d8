#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/models/observer.hpp"
#include "infra/openai/provider_config.hpp"
#include "tests/unit/infra/curl/outbound_fixture.hpp"
#include "tests/unit/infra/curl/scripted_server.hpp"

namespace codelab::tests {

/// Remembers what a model port told.
class RecordingObserver final : public core::models::ModelObserver {
 public:
  void call_started(std::string_view /*model*/) override {
    const std::scoped_lock lock(mutex_);
    ++started_;
  }
  void call_finished(const core::models::CallReport& report) override {
    const std::scoped_lock lock(mutex_);
    outcomes_.push_back(report.outcome);
    tokens_ = report.tokens;
  }
  void retry(std::string_view /*model*/, std::string_view reason) override {
    const std::scoped_lock lock(mutex_);
    retries_.emplace_back(reason);
  }
  void breaker_state(std::string_view /*model*/, core::models::BreakerState state) override {
    const std::scoped_lock lock(mutex_);
    states_.push_back(state);
  }

  int started() const { return copy(started_); }
  std::vector<core::models::CallOutcome> outcomes() const { return copy(outcomes_); }
  std::vector<std::string> retries() const { return copy(retries_); }
  std::vector<core::models::BreakerState> states() const { return copy(states_); }
  core::models::TokenCounts tokens() const { return copy(tokens_); }

 private:
  template <class T>
  T copy(const T& value) const {
    const std::scoped_lock lock(mutex_);
    return value;
  }

  mutable std::mutex mutex_;
  int started_ = 0;
  std::vector<core::models::CallOutcome> outcomes_;
  std::vector<std::string> retries_;
  std::vector<core::models::BreakerState> states_;
  core::models::TokenCounts tokens_;
};

class ProviderTest : public OutboundTest {
 protected:
  /// Patient enough for a slow machine, quick to try again.
  static infra::openai::ProviderConfig config(const ScriptedServer& server) {
    infra::openai::ProviderConfig config;
    config.base_url = server.url("/v1/");
    config.api_key = "key-of-the-test";
    config.model = "test-model";
    config.call_deadline = std::chrono::milliseconds(20'000);
    config.retry.base = std::chrono::milliseconds(2);
    config.retry.max_pause = std::chrono::milliseconds(5);
    return config;
  }

  base::SystemClock clock_;
  RecordingObserver observer_;
};

}  // namespace codelab::tests
