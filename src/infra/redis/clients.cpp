#include "infra/redis/clients.hpp"

#include <utility>

#include <boost/asio/post.hpp>

#include "base/elsewhere.hpp"

namespace codelab::infra::redis {

Clients::Clients(base::Cores& cores, Options options) : cores_(cores), options_(std::move(options)) {
  if (options_.address.tls) tls_ = make_tls_context(options_.ca_file);
  for (std::size_t i = 0; i < cores_.size(); ++i) {
    clients_.push_back(make_client(cores_.executor(i), options_, tls_, group_));
  }
}

std::size_t Clients::this_core() const {
  std::size_t core = 0;
  while (core < cores_.size() && !cores_.context(core).get_executor().running_in_this_thread()) ++core;
  return core;
}

SteadyTime Clients::deadline_in(std::chrono::milliseconds timeout) const {
  return std::chrono::steady_clock::now() + timeout;
}

base::Task<Outcome> Clients::call(Command command) { return call(std::move(command), options_.call_timeout); }

base::Task<Outcome> Clients::call(Command command, std::chrono::milliseconds timeout) {
  const std::size_t core = this_core();
  if (core < cores_.size()) return clients_[core]->call(std::move(command), deadline_in(timeout));
  return base::elsewhere(cores_.executor(0), clients_[0]->call(std::move(command), deadline_in(timeout)));
}

base::Task<Outcome> Clients::eval(Script script, std::vector<std::string> keys, std::vector<std::string> arguments) {
  return eval(script, std::move(keys), std::move(arguments), options_.call_timeout);
}

base::Task<Outcome> Clients::eval(Script script, std::vector<std::string> keys, std::vector<std::string> arguments,
                                  std::chrono::milliseconds timeout) {
  const std::size_t core = this_core();
  const SteadyTime deadline = deadline_in(timeout);
  if (core < cores_.size()) return clients_[core]->eval(script, std::move(keys), std::move(arguments), deadline);
  return base::elsewhere(cores_.executor(0),
                         clients_[0]->eval(script, std::move(keys), std::move(arguments), deadline));
}

base::Task<bool> Clients::ready(std::chrono::milliseconds timeout) {
  const std::size_t core = this_core();
  if (core < cores_.size()) return clients_[core]->ready(deadline_in(timeout));
  return base::elsewhere(cores_.executor(0), clients_[0]->ready(deadline_in(timeout)));
}

bool Clients::stop(std::chrono::milliseconds timeout) {
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    boost::asio::post(cores_.executor(i), [client = clients_[i]] { client->stop(); });
  }
  group_.cancel();
  return group_.drain(timeout);
}

}  // namespace codelab::infra::redis
