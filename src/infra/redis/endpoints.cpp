#include "infra/redis/endpoints.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace codelab::infra::redis {

base::Task<std::expected<Endpoint, LinkFault>> ListedEndpoints::next(SteadyTime) {
  std::vector<Endpoint> all = endpoints_;
  if (known_) std::ranges::move(known_(), std::back_inserter(all));
  co_return all[next_++ % all.size()];
}

base::Task<std::expected<Endpoint, LinkFault>> SentinelEndpoints::next(SteadyTime deadline) {
  LinkFault fault;
  const std::size_t count = address_.endpoints.size();
  const auto share = (deadline - std::chrono::steady_clock::now()) / static_cast<int>(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = (last_answering_ + i) % count;
    const SteadyTime own_deadline = std::chrono::steady_clock::now() + share;
    auto master = co_await ask_one(address_.endpoints[at], own_deadline);
    if (master) {
      last_answering_ = at;
      co_return master;
    }
    fault.reason += (i == 0 ? "no sentinel knows the master: " : "; ") + master.error().reason;
  }
  co_return std::unexpected(std::move(fault));
}

base::Task<std::expected<Endpoint, LinkFault>> SentinelEndpoints::ask_one(Endpoint sentinel, SteadyTime deadline) {
  const std::vector<std::string> question{"SENTINEL", "GET-MASTER-ADDR-BY-NAME", address_.master};
  // One with a password answers nothing at all before it has heard that.
  const Greeting nobody{.needs_ping = false};
  auto link = co_await open_link(executor_, tls_, sentinel, nobody, deadline);
  if (!link) co_return std::unexpected(link.error());
  (*link)->transport().limited_until(deadline);
  auto answer = co_await ask(*link, question);
  if (!answer && answer.error().reason.starts_with("NOAUTH") && !address_.password.empty()) {
    const std::vector<std::string> login{"AUTH", address_.password};
    answer = co_await ask(*link, login);
    if (answer) answer = co_await ask(*link, question);
  }
  (*link)->close();
  if (!answer) co_return std::unexpected(LinkFault{sentinel.str() + ": " + answer.error().reason});
  if (answer->elements.size() != 2) co_return std::unexpected(LinkFault{sentinel.str() + ": an unknown master"});
  Endpoint master{.host = std::move(answer->elements[0].text)};
  const std::string& port = answer->elements[1].text;
  std::from_chars(port.data(), port.data() + port.size(), master.port);
  co_return master;
}

std::unique_ptr<EndpointSource> make_endpoint_source(const base::Executor& executor, const Address& address,
                                                     const TlsContext& tls, KnownNodes known) {
  if (address.mode != Address::Mode::sentinel)
    return std::make_unique<ListedEndpoints>(address.endpoints, std::move(known));
  return std::make_unique<SentinelEndpoints>(executor, tls, address);
}

}  // namespace codelab::infra::redis
