#include "app/platform.hpp"

#include <set>
#include <stdexcept>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "app/run_task.hpp"
#include "base/log.hpp"
#include "core/chat/recovery.hpp"
#include "infra/embedded_models/offline_chat_model.hpp"
#include "infra/embedded_models/offline_embedder.hpp"
#include "infra/openai/openai_chat_model.hpp"
#include "infra/openai/openai_embedder.hpp"
#include "infra/secrets/jwt_secrets_file.hpp"

namespace codelab::app {
namespace {

constexpr std::chrono::seconds kSweepEvery{5};
constexpr std::chrono::seconds kCancelGrace{2};

/// What cannot be used stops the start, in words.
template <class T>
T usable(base::Result<T> result, std::string_view what) {
  if (result) return std::move(*result);
  std::string reason = fmt::format("{}: {}", what, result.error().detail);
  for (const base::FieldError& fault : result.error().fields) {
    reason += fmt::format("; {}: {}", fmt::join(fault.loc, "."), fault.msg);
  }
  throw std::runtime_error(reason);
}

core::identity::JwtKeys keys_of(const config::Settings& settings) {
  const std::string secrets =
      settings.jwt_secrets.empty()
          ? usable(infra::secrets::load_or_create_jwt_secrets(settings.data_dir), "the token secret in the data folder")
          : settings.jwt_secrets;
  return usable(core::identity::JwtKeys::parse(secrets), "auth.jwt_secrets");
}

core::models::PriceTable prices_of(const config::Settings& settings) {
  auto prices = core::models::PriceTable::built_in();
  if (settings.prices_file.empty()) return prices;
  return usable(prices.with_override_file(settings.prices_file), "llm.prices_file");
}

infra::openai::ProviderConfig provider_of(const config::Settings& settings, const config::Provider& provider) {
  infra::openai::ProviderConfig config;
  config.base_url = provider.base_url;
  config.api_key = provider.api_key;
  config.model = provider.model;
  config.call_deadline = std::chrono::seconds{settings.llm_deadline_seconds};
  config.first_token_deadline = std::chrono::seconds{settings.llm_first_token_seconds};
  config.max_in_flight = static_cast<std::size_t>(settings.llm_max_in_flight);
  return usable(infra::openai::validated(std::move(config)), "the model provider");
}

std::unique_ptr<core::models::ChatModel> model_of(const config::Settings& settings, infra::curl::CurlClients& curl,
                                                  const base::Clock& clock, Metrics& metrics) {
  if (settings.llm.base_url.empty()) return std::make_unique<infra::embedded_models::OfflineChatModel>();
  return std::make_unique<infra::openai::OpenAiChatModel>(provider_of(settings, settings.llm), curl, clock, metrics);
}

infra::embedded_models::OfflineEmbedding offline_mode(const std::string& name) {
  if (name == "hashing") return infra::embedded_models::OfflineEmbedding::hashing;
  if (name == "sentences") return infra::embedded_models::OfflineEmbedding::sentences;
  return infra::embedded_models::OfflineEmbedding::automatic;
}

std::unique_ptr<core::models::Embedder> embedder_of(const config::Settings& settings, infra::curl::CurlClients& curl,
                                                    const base::Clock& clock, Metrics& metrics,
                                                    boost::asio::thread_pool& threads) {
  if (settings.embedding.base_url.empty()) {
    return std::make_unique<infra::embedded_models::OfflineEmbedder>(offline_mode(settings.embedding.model),
                                                                     weights_folder(settings), threads);
  }
  return std::make_unique<infra::openai::OpenAiEmbedder>(provider_of(settings, settings.embedding),
                                                         infra::openai::EmbeddingOptions{}, curl, clock, metrics);
}

/// The models that an operator named, the built-in ones and those that have a price.
std::set<std::string, std::less<>> known_models(const config::Settings& settings,
                                                const core::models::PriceTable& prices,
                                                const core::models::Embedder& embedder) {
  const auto priced = prices.names();
  std::set<std::string, std::less<>> names(priced.begin(), priced.end());
  names.emplace(infra::embedded_models::OfflineChatModel::kName);
  names.insert(embedder.info().name);
  if (!settings.llm.model.empty()) names.insert(settings.llm.model);
  return names;
}

/// Returns when it is cancelled.
base::Task<> sweep_streams(core::events::StreamHub& hub, base::Executor executor) {
  boost::asio::steady_timer timer(executor);
  for (;;) {
    timer.expires_after(kSweepEvery);
    co_await timer.async_wait(boost::asio::use_awaitable);
    hub.sweep();
  }
}

}  // namespace

std::filesystem::path weights_folder(const config::Settings& settings) {
  if (!settings.weights_dir.empty()) return settings.weights_dir;
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto beside = program.parent_path() / "models";
  return std::filesystem::exists(beside, error) ? beside : program.parent_path().parent_path() / "models";
}

Platform::Platform(const config::Settings& settings)
    : hub(clock, {}),
      stream_closer(hub),
      cores(static_cast<std::size_t>(settings.threads)),
      encoder_threads(std::max<std::size_t>(1, cores.size() / 2)),
      memory_indexes(static_cast<std::size_t>(settings.memory_index_mb) << 20),
      database({.folder = settings.data_dir}, clock, hub, metrics),
      users(database, memory_indexes),
      agent_store(database, memory_indexes),
      session_store(database),
      messages(database),
      tasks(database),
      event_log(database),
      memory_store(database, memory_indexes),
      keys(keys_of(settings)),
      auth_sessions(users, cache, clock, {&stream_closer}),
      tokens(users, auth_sessions, keys, clock),
      accounts(users, hasher, tokens, auth_sessions, clock,
               {.registration_open = settings.registration_open(), .decoy_hash = hasher.decoy_hash()}),
      authenticator(auth_sessions, keys, clock),
      curl(cores),
      model(model_of(settings, curl, clock, metrics)),
      embedder(embedder_of(settings, curl, clock, metrics, encoder_threads)),
      prices(prices_of(settings)),
      agents(agent_store, cache, clock),
      memory(memory_store, *embedder, clock),
      sessions(session_store, hub, clock),
      session_streams(
          {.sessions = sessions, .logins = auth_sessions, .stream = {.log = event_log, .hub = hub, .clock = clock}}),
      runner({.tasks = tasks,
              .messages = messages,
              .memory = memory,
              .model = *model,
              .prices = prices,
              .hub = hub,
              .clock = clock},
             settings.llm_context_tokens),
      work("tasks"),
      upkeep("upkeep"),
      poster({.agents = agents, .tasks = tasks, .hub = hub, .clock = clock, .cores = cores, .work = work}, runner,
             static_cast<std::size_t>(settings.max_running_tasks)) {
  metrics.set_models(known_models(settings, prices, *embedder));
  metrics.add_gauge("codelab_tasks_running", "Tasks that run now", [this] { return static_cast<double>(work.size()); });
  metrics.add_gauge("codelab_stream_subscribers", "Readers of streams and waiting posts",
                    [this] { return static_cast<double>(hub.subscriber_count()); });
  metrics.add_gauge("codelab_memory_index_bytes", "Search indexes of agents' memories held in memory",
                    [this] { return static_cast<double>(memory_indexes.bytes()); });
  metrics.add_gauge("codelab_memory_index_collections", "How many such indexes",
                    [this] { return static_cast<double>(memory_indexes.size()); });
}

Platform::~Platform() { stop(std::chrono::milliseconds{0}); }

void Platform::start() {
  cores.start();
  const auto interrupted = run_task(cores.executor(0), core::chat::fail_interrupted_tasks(tasks, clock));
  if (interrupted > 0) base::log::warning("tasks_interrupted", {{"count", interrupted}});
  upkeep.spawn(cores.executor(0), sweep_streams(hub, cores.executor(0)));
}

void Platform::stop(std::chrono::milliseconds grace) {
  upkeep.cancel();
  if (!work.drain(grace)) {
    base::log::warning("tasks_cancelled", {{"count", work.size()}});
    work.cancel();
    work.drain(kCancelGrace);
  }
  upkeep.drain(kCancelGrace);
  cores.stop();
  encoder_threads.stop();
  encoder_threads.join();
}

}  // namespace codelab::app
