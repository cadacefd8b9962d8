#pragma once

#include <string>
#include <vector>

#include "http/api_request.hpp"

namespace codelab::http::handlers {

struct Health {
  std::string status = "ok";
  std::string version;

  static constexpr std::string_view kName = "Health";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    return base::fields(base::field("status", &Health::status), base::field("version", &Health::version));
  }
};

struct StoreState {
  std::string name;
  std::string status;

  static constexpr std::string_view kName = "StoreState";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    return base::fields(base::field("name", &StoreState::name), base::field("status", &StoreState::status));
  }
};

struct ModelState {
  std::string name;
  bool offline = false;

  static constexpr std::string_view kName = "ModelState";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    return base::fields(base::field("name", &ModelState::name), base::field("offline", &ModelState::offline));
  }
};

struct Readiness {
  /// "ok"; "degraded": it answers without a store that it can do without; "unavailable" or "draining": then the answer
  /// is 503.
  std::string status;
  std::string version;
  std::vector<StoreState> stores;
  ModelState model;
  ModelState embedding;

  static constexpr std::string_view kName = "Readiness";
  static constexpr bool kAnswer = true;
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("status", &Readiness::status), field("version", &Readiness::version),
                        field("stores", &Readiness::stores), field("model", &Readiness::model),
                        field("embedding", &Readiness::embedding));
  }
};

/// What the service handlers ask the composition root for.
class ServiceState {
 public:
  virtual ~ServiceState() = default;
  virtual base::Task<Readiness> readiness() = 0;
  /// Prometheus text format 0.0.4.
  virtual std::string metrics() = 0;
};

/// /health, /health/ready, /metrics, /openapi.json.
class ServiceHandlers {
 public:
  ServiceHandlers(ServiceState& state, std::string version) : state_(state), version_(std::move(version)) {}

  /// The document is made from the whole route table, this one's routes included, so it comes last.
  void publish(std::string openapi) { openapi_ = std::move(openapi); }

  base::Task<Response> health(ApiRequest request);
  base::Task<Response> ready(ApiRequest request);
  base::Task<Response> metrics(ApiRequest request);
  base::Task<Response> openapi(ApiRequest request);

 private:
  ServiceState& state_;
  std::string version_;
  std::string openapi_;
};

}  // namespace codelab::http::handlers
