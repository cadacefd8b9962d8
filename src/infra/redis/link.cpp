#include "infra/redis/link.hpp"

#include <utility>

namespace codelab::infra::redis {
namespace {

base::Task<std::expected<Reply, LinkFault>> greet(std::shared_ptr<Link> link, Greeting greeting) {
  std::expected<Reply, LinkFault> said;
  if (!greeting.password.empty() || !greeting.user.empty()) {
    std::vector<std::string> login{"AUTH"};
    if (!greeting.user.empty()) login.push_back(greeting.user);
    login.push_back(greeting.password);
    said = co_await ask(link, std::move(login));
    if (!said) co_return said;
  }
  if (greeting.database != 0) {
    std::vector<std::string> select{"SELECT", std::to_string(greeting.database)};
    said = co_await ask(link, std::move(select));
    if (!said) co_return said;
  }
  if (greeting.needs_master) {
    std::vector<std::string> role{"ROLE"};
    said = co_await ask(link, std::move(role));
    if (!said) co_return said;
    const bool is_master = said->is_array() && !said->elements.empty() && said->elements.front().text == "master";
    if (!is_master) co_return std::unexpected(LinkFault{"the server is not a master"});
  }
  if (!greeting.needs_ping) co_return said;
  std::vector<std::string> ping{"PING"};
  co_return co_await ask(link, std::move(ping));
}

}  // namespace

base::Task<bool> Link::write(std::string bytes) {
  const auto failure = co_await transport_.write(bytes);
  co_return !failure;
}

base::Task<std::expected<Reply, std::string>> Link::read() {
  for (;;) {
    auto reply = replies_.next();
    if (!reply) co_return std::unexpected(reply.error());
    if (*reply) co_return std::move(**reply);
    const auto [failure, size] = co_await transport_.read_some(received_);
    if (failure) co_return std::unexpected(failure.message());
    replies_.feed({received_.data(), size});
  }
}

base::Task<OpenedLink> open_link(base::Executor executor, TlsContext tls, Endpoint endpoint, Greeting greeting,
                                 SteadyTime deadline) {
  auto link = std::make_shared<Link>(executor, std::move(tls));
  link->transport().limited_until(deadline);
  const auto failure = co_await link->transport().connect(endpoint);
  if (failure) co_return std::unexpected(LinkFault{endpoint.str() + ": " + failure.message()});
  const auto greeted = co_await greet(link, std::move(greeting));
  if (!greeted) {
    link->close();
    co_return std::unexpected(LinkFault{endpoint.str() + ": " + greeted.error().reason});
  }
  link->transport().unlimited();
  if (!link->is_open()) co_return std::unexpected(LinkFault{endpoint.str() + ": too slow"});
  co_return link;
}

base::Task<std::expected<Reply, LinkFault>> ask(std::shared_ptr<Link> link, std::vector<std::string> words) {
  std::string bytes;
  append_command(bytes, words);
  const bool sent = co_await link->write(std::move(bytes));
  if (!sent) co_return std::unexpected(LinkFault{"the connection broke"});
  auto reply = co_await link->read();
  if (!reply) co_return std::unexpected(LinkFault{std::move(reply.error())});
  if (reply->type == Reply::Type::error) co_return std::unexpected(LinkFault{std::move(reply->text)});
  co_return std::move(*reply);
}

}  // namespace codelab::infra::redis
