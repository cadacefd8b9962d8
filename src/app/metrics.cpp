#include "app/metrics.hpp"

#include <prometheus/text_serializer.h>

#include "http/route.hpp"

namespace codelab::app {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;
using prometheus::Histogram;

/// Seconds, from a cached read to a slow query.
const Histogram::BucketBoundaries kFast{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                        0.025,  0.05,    0.1,    0.25,  0.5,    1,     2.5};
/// Seconds, from a quick model to a long answer.
const Histogram::BucketBoundaries kSlow{0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 40, 80, 160};

double seconds(std::chrono::steady_clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

prometheus::Family<prometheus::Counter>& counters(prometheus::Registry& registry, const char* name, const char* help) {
  return BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Gauge& gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Family<Histogram>& histograms(prometheus::Registry& registry, const char* name, const char* help) {
  return BuildHistogram().Name(name).Help(help).Register(registry);
}

std::string_view name_of(core::models::CallOutcome outcome) {
  static constexpr std::array<std::string_view, 5> kNames{"ok", "failed", "timeout", "overloaded", "cancelled"};
  return kNames[static_cast<std::size_t>(outcome)];
}

}  // namespace

Metrics::Metrics(core::events::EventRelay& hub)
    : hub_(hub),
      requests_(counters(registry_, "codelab_http_requests_total", "Answered requests")),
      request_seconds_(histograms(registry_, "codelab_http_request_seconds", "From first byte in to last byte out")),
      queries_(histograms(registry_, "codelab_store_query_seconds", "Time of one operation in the database")),
      model_calls_(counters(registry_, "codelab_model_calls_total", "Calls of language models and embedders")),
      model_seconds_(
          histograms(registry_, "codelab_model_call_seconds", "Time of one call, waiting and retries included")),
      model_tokens_(counters(registry_, "codelab_model_tokens_total", "Tokens sent to and received from models")),
      model_retries_(counters(registry_, "codelab_model_retries_total", "Attempts after the first")),
      model_breaker_(BuildGauge()
                         .Name("codelab_model_breaker_open")
                         .Help("1 while calls are refused because the provider failed")
                         .Register(registry_)),
      bytes_in_(counters(registry_, "codelab_http_received_bytes_total", "Bytes of requests").Add({})),
      bytes_out_(counters(registry_, "codelab_http_sent_bytes_total", "Bytes of answers").Add({})),
      connections_(gauge(registry_, "codelab_http_connections", "Open connections")),
      streams_(gauge(registry_, "codelab_streams_active", "Open streams")),
      streams_total_(counters(registry_, "codelab_streams_total", "Streams that were opened").Add({})),
      query_failures_(counters(registry_, "codelab_store_failures_total", "Store operations that failed").Add({})),
      commit_seconds_(histograms(registry_, "codelab_store_commit_seconds", "Time of one COMMIT").Add({}, kFast)),
      commit_jobs_(counters(registry_, "codelab_store_committed_jobs_total", "Write jobs that became durable").Add({})),
      write_queue_(gauge(registry_, "codelab_store_write_queue", "Write jobs that wait")),
      read_queue_(gauge(registry_, "codelab_store_read_queue", "Read jobs that wait")),
      model_in_flight_(gauge(registry_, "codelab_model_calls_in_flight", "Model calls that run or wait")),
      turn_seconds_(
          histograms(registry_, "codelab_agent_wait_seconds", "How long tasks waited for a slot").Add({}, kSlow)),
      turns_refused_(
          counters(registry_, "codelab_agent_queue_refusals_total", "Tasks that found their agent's queue full")
              .Add({})),
      route_seconds_{&request_seconds_.Add({{"method", "OTHER"}, {"route", "other"}}, kFast)} {
  auto& events = counters(registry_, "codelab_events_total", "Events that this process wrote");
  for (std::size_t i = 0; i < kEventTypes; ++i) {
    events_[i] = &events.Add({{"type", std::string(base::EnumNames<core::events::EventType>::kNames[i])}});
  }
}

void Metrics::turn_came(std::chrono::steady_clock::duration waited) noexcept { turn_seconds_.Observe(seconds(waited)); }

void Metrics::refused() noexcept { turns_refused_.Increment(); }

void Metrics::committed(const core::events::Event& event) noexcept {
  events_[static_cast<std::size_t>(event.body.type)]->Increment();
  hub_.committed(event);
}

void Metrics::set_routes(const std::vector<http::Route>& routes) {
  for (const http::Route& route : routes) {
    route_seconds_.push_back(&request_seconds_.Add(
        {{"method", std::string(http::to_string(route.method()))}, {"route", std::string(route.path())}}, kFast));
  }
}

void Metrics::add_gauge(const std::string& name, const std::string& help, std::function<double()> read) {
  auto& made = BuildGauge().Name(name).Help(help).Register(registry_).Add({});
  const std::scoped_lock lock(mutex_);
  read_gauges_.emplace_back(&made, std::move(read));
}

std::string Metrics::text() {
  std::vector<std::pair<prometheus::Gauge*, std::function<double()>>> gauges;
  {
    const std::scoped_lock lock(mutex_);
    gauges = read_gauges_;
  }
  for (auto& [target, read] : gauges) target->Set(read());
  return prometheus::TextSerializer{}.Serialize(registry_.Collect());
}

void Metrics::connection_opened() noexcept { connections_.Increment(); }
void Metrics::connection_closed() noexcept { connections_.Decrement(); }

prometheus::Counter& Metrics::requests(http::Method method, unsigned status) {
  const std::size_t index = static_cast<std::size_t>(method) * kStatuses + std::min<std::size_t>(status, kStatuses - 1);
  auto& known = request_counters_[index];
  if (auto* counter = known.load(std::memory_order_acquire)) return *counter;
  auto& counter = requests_.Add({{"method", std::string(http::to_string(method))}, {"status", std::to_string(status)}});
  known.store(&counter, std::memory_order_release);
  return counter;
}

void Metrics::request_done(const http::server::RequestRecord& record) noexcept {
  requests(record.method, record.status).Increment();
  route_seconds_[record.route]->Observe(std::chrono::duration<double>(record.duration).count());
  bytes_in_.Increment(static_cast<double>(record.bytes_in));
  bytes_out_.Increment(static_cast<double>(record.bytes_out));
}

void Metrics::stream_opened() noexcept {
  streams_.Increment();
  streams_total_.Increment();
}
void Metrics::stream_closed() noexcept { streams_.Decrement(); }

void Metrics::query(std::string_view operation, std::chrono::steady_clock::duration duration) noexcept {
  Histogram* histogram = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    auto found = query_histograms_.find(operation);
    if (found == query_histograms_.end()) {
      auto& made = queries_.Add({{"operation", std::string(operation)}}, kFast);
      found = query_histograms_.emplace(std::string(operation), &made).first;
    }
    histogram = found->second;
  }
  histogram->Observe(seconds(duration));
}

void Metrics::query(std::string_view operation, std::chrono::steady_clock::duration duration, bool failed) noexcept {
  query(operation, duration);
  if (failed) query_failures_.Increment();
}

void Metrics::commit(std::size_t jobs, std::chrono::steady_clock::duration duration) noexcept {
  commit_jobs_.Increment(static_cast<double>(jobs));
  commit_seconds_.Observe(seconds(duration));
}

void Metrics::queue_depth(infra::sqlite::StoreQueue queue, std::size_t depth) noexcept {
  (queue == infra::sqlite::StoreQueue::write ? write_queue_ : read_queue_).Set(static_cast<double>(depth));
}

std::string Metrics::model_label(std::string_view model) const {
  return models_.contains(model) ? std::string(model) : "other";
}

void Metrics::call_started(std::string_view) { model_in_flight_.Increment(); }

void Metrics::call_finished(const core::models::CallReport& report) {
  model_in_flight_.Decrement();
  const std::string model = model_label(report.model);
  model_calls_.Add({{"model", model}, {"outcome", std::string(name_of(report.outcome))}}).Increment();
  model_seconds_.Add({{"model", model}}, kSlow).Observe(seconds(report.duration));
  model_tokens_.Add({{"model", model}, {"kind", "prompt"}}).Increment(static_cast<double>(report.tokens.prompt_tokens));
  model_tokens_.Add({{"model", model}, {"kind", "completion"}})
      .Increment(static_cast<double>(report.tokens.completion_tokens));
}

void Metrics::retry(std::string_view model, std::string_view reason) {
  model_retries_.Add({{"model", model_label(model)}, {"reason", std::string(reason)}}).Increment();
}

void Metrics::breaker_state(std::string_view model, core::models::BreakerState state) {
  model_breaker_.Add({{"model", model_label(model)}}).Set(state == core::models::BreakerState::open ? 1 : 0);
}

}  // namespace codelab::app
