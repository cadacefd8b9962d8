#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "core/bus/observer.hpp"
#include "core/events/ports.hpp"
#include "core/models/observer.hpp"
#include "http/server/observer.hpp"
#include "infra/postgres/observer.hpp"
#include "infra/sqlite/observer.hpp"

namespace codelab::http {
class Route;
}

namespace codelab::app {

/// Counts what the parts report, for Prometheus. Thread-safe.
class Metrics final : public http::server::ServerObserver,
                      public infra::sqlite::StoreObserver,
                      public infra::postgres::StoreObserver,
                      public core::models::ModelObserver,
                      public core::bus::BusObserver,
                      public core::events::EventRelay {
 public:
  /// What is committed is passed on to `hub`.
  explicit Metrics(core::events::EventRelay& hub);

  /// The routes that requests are told apart by. Called once, before the first request.
  void set_routes(const std::vector<http::Route>& routes);
  /// The models that are told apart by name. Called once, before the first call of one.
  void set_models(std::set<std::string, std::less<>> names) { models_ = std::move(names); }
  /// A value that is read when the metrics are.
  void add_gauge(const std::string& name, const std::string& help, std::function<double()> read);
  /// Prometheus text format.
  std::string text();

  void connection_opened() noexcept override;
  void connection_closed() noexcept override;
  void request_done(const http::server::RequestRecord& record) noexcept override;
  void stream_opened() noexcept override;
  void stream_closed() noexcept override;

  void query(std::string_view operation, std::chrono::steady_clock::duration duration) noexcept override;
  void query(std::string_view operation, std::chrono::steady_clock::duration duration, bool failed) noexcept override;
  void commit(std::size_t jobs, std::chrono::steady_clock::duration duration) noexcept override;
  void queue_depth(infra::sqlite::StoreQueue queue, std::size_t depth) noexcept override;

  void turn_came(std::chrono::steady_clock::duration waited) noexcept override;
  void refused() noexcept override;

  void committed(const core::events::Event& event) noexcept override;

  void call_started(std::string_view model) override;
  void call_finished(const core::models::CallReport& report) override;
  void retry(std::string_view model, std::string_view reason) override;
  void breaker_state(std::string_view model, core::models::BreakerState state) override;

 private:
  static constexpr std::size_t kMethods = 8;
  static constexpr std::size_t kStatuses = 600;

  prometheus::Counter& requests(http::Method method, unsigned status);
  /// Users write any name into an agent's config: what is not among the known ones is counted as "other".
  std::string model_label(std::string_view model) const;

  static constexpr std::size_t kEventTypes = base::EnumNames<core::events::EventType>::kNames.size();

  core::events::EventRelay& hub_;
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& request_seconds_;
  prometheus::Family<prometheus::Histogram>& queries_;
  prometheus::Family<prometheus::Counter>& model_calls_;
  prometheus::Family<prometheus::Histogram>& model_seconds_;
  prometheus::Family<prometheus::Counter>& model_tokens_;
  prometheus::Family<prometheus::Counter>& model_retries_;
  prometheus::Family<prometheus::Gauge>& model_breaker_;
  prometheus::Counter& bytes_in_;
  prometheus::Counter& bytes_out_;
  prometheus::Gauge& connections_;
  prometheus::Gauge& streams_;
  prometheus::Counter& streams_total_;
  prometheus::Counter& query_failures_;
  prometheus::Histogram& commit_seconds_;
  prometheus::Counter& commit_jobs_;
  prometheus::Gauge& write_queue_;
  prometheus::Gauge& read_queue_;
  prometheus::Gauge& model_in_flight_;
  prometheus::Histogram& turn_seconds_;
  prometheus::Counter& turns_refused_;
  std::array<prometheus::Counter*, kEventTypes> events_{};

  std::array<std::atomic<prometheus::Counter*>, kMethods * kStatuses> request_counters_{};
  /// By RequestRecord::route: what no route answered, then the routes. Only read once requests come.
  std::vector<prometheus::Histogram*> route_seconds_;
  /// Only read once models are called.
  std::set<std::string, std::less<>> models_;
  std::mutex mutex_;
  std::map<std::string, prometheus::Histogram*, std::less<>> query_histograms_;
  std::vector<std::pair<prometheus::Gauge*, std::function<double()>>> read_gauges_;
};

}  // namespace codelab::app
