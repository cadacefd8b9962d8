#include "infra/redis/client.hpp"

#include <utility>

#include "infra/redis/cluster_client.hpp"
#include "infra/redis/connection.hpp"

namespace codelab::infra::redis {
namespace {

/// All commands go over one connection.
class SingleClient final : public Client {
 public:
  explicit SingleClient(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

  base::Task<Outcome> call(Command command, SteadyTime deadline) override {
    return connection_->call(std::move(command.words), deadline);
  }
  base::Task<bool> ready(SteadyTime deadline) override { return connection_->ready(deadline); }
  bool connected() const override { return connection_->connected(); }
  void stop() override { connection_->stop(); }

 private:
  std::shared_ptr<Connection> connection_;
};

Command script_command(const std::string& verb, std::string script, const std::vector<std::string>& keys,
                       const std::vector<std::string>& arguments) {
  Command command{.words = {verb, std::move(script), std::to_string(keys.size())}, .key = keys.front()};
  command.words.insert(command.words.end(), keys.begin(), keys.end());
  command.words.insert(command.words.end(), arguments.begin(), arguments.end());
  return command;
}

}  // namespace

base::Task<Outcome> Client::eval(Script script, std::vector<std::string> keys, std::vector<std::string> arguments,
                                 SteadyTime deadline) {
  Command by_digest = script_command("EVALSHA", script.sha1(), keys, arguments);
  auto outcome = co_await call(std::move(by_digest), deadline);
  const bool unknown =
      !outcome && outcome.error().kind == Failure::Kind::refused && outcome.error().detail.starts_with("NOSCRIPT");
  if (!unknown) co_return outcome;
  Command by_source = script_command("EVAL", script.source(), keys, arguments);
  co_return co_await call(std::move(by_source), deadline);
}

std::shared_ptr<Client> make_client(const base::Executor& executor, const Options& options, const TlsContext& tls,
                                    base::TaskGroup& group) {
  if (options.address.mode == Address::Mode::cluster) return ClusterClient::start(executor, options, tls, group);
  auto source = make_endpoint_source(executor, options.address, tls);
  auto dialer = std::make_unique<Dialer>(executor, options, tls, std::move(source), "commands");
  return std::make_shared<SingleClient>(Connection::start(std::move(dialer), group));
}

}  // namespace codelab::infra::redis
