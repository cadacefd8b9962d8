#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "infra/redis/link.hpp"

namespace codelab::infra::redis {

/// Where the next connection goes. Used on one thread.
class EndpointSource {
 public:
  virtual ~EndpointSource() = default;
  /// Or why there is nowhere to go.
  virtual base::Task<std::expected<Endpoint, LinkFault>> next(SteadyTime deadline) = 0;
};

/// What is known of a cluster's nodes by now.
using KnownNodes = std::move_only_function<std::vector<Endpoint>()>;

/// The listed ones in turn, and with them those that are known by then.
class ListedEndpoints final : public EndpointSource {
 public:
  /// At least one.
  explicit ListedEndpoints(std::vector<Endpoint> endpoints, KnownNodes known = {})
      : endpoints_(std::move(endpoints)), known_(std::move(known)) {}
  base::Task<std::expected<Endpoint, LinkFault>> next(SteadyTime deadline) override;

 private:
  std::vector<Endpoint> endpoints_;
  KnownNodes known_;
  std::size_t next_ = 0;
};

/// Whom the sentinels take for the master; they are asked anew each time, beginning with the one that answered last.
/// A sentinel that wants a password is given the master's, as that of its default user.
class SentinelEndpoints final : public EndpointSource {
 public:
  SentinelEndpoints(base::Executor executor, TlsContext tls, Address address)
      : executor_(std::move(executor)), tls_(std::move(tls)), address_(std::move(address)) {}
  base::Task<std::expected<Endpoint, LinkFault>> next(SteadyTime deadline) override;

 private:
  base::Task<std::expected<Endpoint, LinkFault>> ask_one(Endpoint sentinel, SteadyTime deadline);

  base::Executor executor_;
  TlsContext tls_;
  Address address_;
  std::size_t last_answering_ = 0;
};

/// The source that an address asks for; of a cluster any of its nodes, the `known` ones too.
std::unique_ptr<EndpointSource> make_endpoint_source(const base::Executor& executor, const Address& address,
                                                     const TlsContext& tls, KnownNodes known = {});

}  // namespace codelab::infra::redis
