#include "infra/redis/cluster_client.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace codelab::infra::redis {
namespace asio = boost::asio;

namespace {

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);
/// Nodes that one command is sent to, one after the other.
constexpr int kMaxHops = 8;
/// How long nobody waits for a new map after one that did not help.
constexpr std::chrono::seconds kNoHelp{1};

bool is_refused(const Failure& failure, std::string_view how) {
  return failure.kind == Failure::Kind::refused && failure.detail.starts_with(how);
}

/// Another node may have taken over, or will in a moment.
bool is_outage(const Failure& failure) {
  return failure.kind == Failure::Kind::away || is_refused(failure, "CLUSTERDOWN");
}

}  // namespace

ClusterClient::ClusterClient(const base::Executor& executor, const Options& options, const TlsContext& tls,
                             base::TaskGroup& group)
    : executor_(executor), options_(options), tls_(tls), group_(group), backoff_(options), map_wanted_(executor) {}

std::shared_ptr<ClusterClient> ClusterClient::start(const base::Executor& executor, const Options& options,
                                                    const TlsContext& tls, base::TaskGroup& group) {
  auto client = std::make_shared<ClusterClient>(executor, options, tls, group);
  group.spawn(executor, keep_map(client));
  return client;
}

base::Task<Outcome> ClusterClient::call(Command command, SteadyTime deadline) {
  if (map_.empty() && map_may_help()) co_await next_map(deadline);
  Outcome outcome = std::unexpected(Failure{Failure::Kind::away, "no node is known"});
  auto target = target_of(command);
  bool asking = false;
  bool has_waited = false;
  for (int hop = 0; hop < kMaxHops && target && !stopped_; ++hop) {
    const ConnectionPtr connection = node(*target);
    outcome = co_await connection->call(command.words, deadline, asking);
    asking = false;
    if (outcome) break;
    const Failure& failure = outcome.error();
    if (const auto redirect = parse_redirect(failure.detail, *target);
        redirect && failure.kind == Failure::Kind::refused) {
      target = redirect->to;
      asking = redirect->asking;
      if (asking) continue;
      map_.move(redirect->slot, redirect->to);
      map_wanted_.cancel();
    } else if (is_outage(failure) || is_refused(failure, "TRYAGAIN")) {
      const bool is_in_vain = is_outage(failure) && (has_waited || !map_may_help());
      if (is_in_vain) break;
      has_waited = true;
      co_await next_map(deadline);
      target = target_of(command);
    } else {
      break;
    }
    if (std::chrono::steady_clock::now() >= deadline) break;
  }
  if (!target || (!outcome && is_outage(outcome.error()))) no_map_helped();
  co_return outcome;
}

bool ClusterClient::map_may_help() const { return !away_ && std::chrono::steady_clock::now() >= no_help_until_; }

void ClusterClient::no_map_helped() {
  no_help_until_ = std::chrono::steady_clock::now() + kNoHelp;
  map_wanted_.cancel();
}

std::optional<Endpoint> ClusterClient::target_of(const Command& command) const {
  if (!command.key.empty()) return map_.owner(slot_of(command.key));
  for (const auto& [endpoint, connection] : nodes_) {
    if (connection->connected()) return endpoint;
  }
  const auto nodes = map_.nodes();
  if (nodes.empty()) return std::nullopt;
  return nodes.front();
}

base::Task<bool> ClusterClient::ready(SteadyTime deadline) {
  while (map_.empty() && !stopped_ && std::chrono::steady_clock::now() < deadline) co_await next_map(deadline);
  for (const Endpoint& each : map_.nodes()) {
    const ConnectionPtr connection = node(each);
    const bool connected = co_await connection->ready(deadline);
    if (!connected) co_return false;
  }
  co_return !map_.empty();
}

bool ClusterClient::connected() const {
  return !map_.empty() && std::ranges::any_of(nodes_, [](const auto& each) { return each.second->connected(); });
}

void ClusterClient::stop() {
  stopped_ = true;
  map_wanted_.cancel();
  for (const auto& [endpoint, connection] : nodes_) connection->stop();
  wake_waiting_for_map();
}

ClusterClient::ConnectionPtr ClusterClient::node(const Endpoint& endpoint) {
  ConnectionPtr& connection = nodes_[endpoint];
  if (!connection) {
    auto source = std::make_unique<ListedEndpoints>(std::vector{endpoint});
    auto dialer = std::make_unique<Dialer>(executor_, options_, tls_, std::move(source), "node " + endpoint.str());
    connection = Connection::start(std::move(dialer), group_);
  }
  return connection;
}

base::Task<> ClusterClient::next_map(SteadyTime deadline) {
  auto pending = std::make_shared<PendingCall>(executor_);
  waiting_for_map_.push_back(pending);
  map_wanted_.cancel();
  co_await pending->wait_until(deadline);
  std::erase(waiting_for_map_, pending);
}

void ClusterClient::wake_waiting_for_map() {
  for (const PendingCallPtr& each : std::exchange(waiting_for_map_, {})) each->finish(Reply{});
}

/// Reads the map at the start and whenever somebody wants it, one reading at a time and a pause after each.
base::Task<> ClusterClient::keep_map(std::shared_ptr<ClusterClient> self) {
  while (!self->stopped_) {
    const bool known = co_await self->read_map();
    self->away_ = !known;
    self->wake_waiting_for_map();
    if (known) {
      self->backoff_.reset();
      self->forget_nodes_without_slots();
      self->map_wanted_.expires_at(SteadyTime::max());
      if (!self->stopped_) co_await self->map_wanted_.async_wait(kAwaitTuple);
    }
    boost::asio::steady_timer pause(self->executor_, self->backoff_.next());
    if (!self->stopped_) co_await pause.async_wait(kAwaitTuple);
  }
}

/// Asks the known nodes, then those of the address, until one knows.
base::Task<bool> ClusterClient::read_map() {
  std::vector<Endpoint> candidates = map_.nodes();
  std::ranges::copy(options_.address.endpoints, std::back_inserter(candidates));
  for (const Endpoint& each : candidates) {
    if (stopped_) break;
    const std::vector<std::string> question{"CLUSTER", "SLOTS"};
    const ConnectionPtr connection = node(each);
    const auto slots = co_await connection->call(question, std::chrono::steady_clock::now() + options_.connect_timeout);
    if (slots && map_.read(*slots, each)) co_return true;
  }
  co_return false;
}

void ClusterClient::forget_nodes_without_slots() {
  const auto nodes = map_.nodes();
  std::erase_if(nodes_, [&](const auto& each) {
    const bool is_needed = std::ranges::binary_search(nodes, each.first);
    if (!is_needed) each.second->stop();
    return !is_needed;
  });
}

}  // namespace codelab::infra::redis
