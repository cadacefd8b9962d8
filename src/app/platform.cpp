#include "app/platform.hpp"

#include <iterator>
#include <set>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "app/readiness.hpp"
#include "app/run_task.hpp"
#include "app/usable.hpp"
#include "base/log.hpp"
#include "base/store_error.hpp"
#include "infra/embedded_models/offline_chat_model.hpp"
#include "infra/embedded_models/offline_embedder.hpp"
#include "infra/openai/openai_chat_model.hpp"
#include "infra/openai/openai_embedder.hpp"
#include "infra/secrets/jwt_secrets_file.hpp"

namespace codelab::app {
namespace {

constexpr std::chrono::seconds kSweepEvery{5};
constexpr std::chrono::seconds kCancelGrace{2};

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

std::vector<core::identity::AccountListener*> account_listeners(StreamCloser& closer, Memories& memories) {
  std::vector<core::identity::AccountListener*> listeners{&closer};
  if (auto* erasure = memories.erasure()) listeners.push_back(erasure);
  return listeners;
}

std::vector<core::agents::AgentListener*> agent_listeners(Memories& memories) {
  std::vector<core::agents::AgentListener*> listeners;
  if (auto* erasure = memories.erasure()) listeners.push_back(erasure);
  return listeners;
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
      metrics(hub),
      stream_closer(hub),
      cores(static_cast<std::size_t>(settings.threads)),
      encoder_threads(std::max<std::size_t>(1, cores.size() / 2)),
      shared(open_shared_state(settings, cores, hub, metrics)),
      storage(open_storage(
          settings,
          {.cores = cores, .clock = clock, .relay = metrics, .threads = encoder_threads, .metrics = metrics})),
      memories(settings, cores, *storage, shared->prune_turns()),
      keys(keys_of(settings)),
      auth_sessions(storage->users(), shared->cache(), clock, account_listeners(stream_closer, memories)),
      tokens(storage->users(), auth_sessions, keys, clock),
      accounts(storage->users(), hasher, tokens, auth_sessions, clock,
               {.registration_open = settings.registration_open(), .decoy_hash = hasher.decoy_hash()}),
      authenticator(auth_sessions, keys, clock),
      curl(cores),
      model(model_of(settings, curl, clock, metrics)),
      embedder(embedder_of(settings, curl, clock, metrics, encoder_threads)),
      prices(prices_of(settings)),
      agents(storage->agents(), shared->cache(), clock, agent_listeners(memories)),
      memory(memories.store(), *embedder, clock),
      sessions(storage->sessions(), hub, clock),
      session_streams({.sessions = sessions,
                       .logins = auth_sessions,
                       .stream = {.log = storage->event_log(), .hub = hub, .clock = clock}}),
      interactions({.memory = memory, .debts = storage->memory_debts(), .agents = agents, .clock = clock}),
      lifecycle(storage->tasks(), clock),
      cancellation(storage->tasks(), running, clock),
      upkeep("upkeep"),
      bus(shared->queues(), metrics, upkeep, cores.executor(0)),
      worker(
          {.tasks = storage->tasks(), .log = storage->work_log(), .memory = memory, .model = *model, .prices = prices},
          {.context_tokens = settings.llm_context_tokens,
           .allowance = {.calls = settings.max_tool_calls, .tokens = settings.max_task_tokens}}),
      memory_search(memory),
      ask_agent({.worker = worker,
                 .agents = agents,
                 .bus = bus,
                 .tasks = storage->tasks(),
                 .log = storage->work_log(),
                 .running = running,
                 .clock = clock},
                {.depth = static_cast<std::size_t>(settings.max_ask_depth),
                 .time = std::chrono::seconds{settings.ask_seconds}}),
      direct_calls({.lifecycle = lifecycle,
                    .messages = storage->messages(),
                    .interactions = interactions,
                    .worker = worker,
                    .hub = hub,
                    .clock = clock}),
      orchestrators(storage->orchestrators(), clock),
      picker(*embedder),
      automatic(agents, orchestrators, picker),
      targets(agents, automatic),
      planner(*model),
      approvals(storage->approvals(), cancellation, clock, [this] { look_for_tasks(); }),
      plan_gate(storage->approvals(), clock, std::chrono::seconds{settings.approval_seconds}),
      plan_editor(storage->plans(), orchestrators, agents, clock),
      plans({.lifecycle = lifecycle,
             .messages = storage->messages(),
             .orchestrators = orchestrators,
             .agents = agents,
             .plans = storage->plans(),
             .planner = planner,
             .gate = plan_gate,
             .picker = picker,
             .worker = worker,
             .tasks = storage->tasks(),
             .running = running,
             .bus = bus,
             .direct = direct_calls,
             .model = *model,
             .prices = prices,
             .hub = hub,
             .clock = clock},
            {.context_tokens = settings.llm_context_tokens, .wait = std::chrono::seconds{settings.max_queue_seconds}}),
      runner(direct_calls, plans),
      queued({.tasks = storage->tasks(), .targets = targets, .lifecycle = lifecycle, .runner = runner},
             {.wait = std::chrono::seconds{settings.max_queue_seconds}}),
      work("tasks"),
      poster({.targets = targets,
              .tasks = storage->tasks(),
              .running = running,
              .bus = bus,
              .hub = hub,
              .clock = clock,
              .cores = cores,
              .work = work},
             runner, queued, static_cast<std::size_t>(settings.max_running_tasks)),
      looks(stores_of(*this), cores.executor(0), upkeep) {
  for (core::chat::TaskLeases* leases : storage->task_leases()) {
    take_overs.emplace_back(
        core::chat::TakeOver::Ports{.leases = *leases,
                                    .tasks = storage->tasks(),
                                    .running = running,
                                    .targets = targets,
                                    .bus = bus,
                                    .clock = clock,
                                    .cores = cores,
                                    .work = work},
        queued, core::chat::TakeOver::Limits{.running = static_cast<std::size_t>(settings.max_running_tasks)});
  }
  worker.add(memory_search);
  worker.add(ask_agent);
  if (auto* streams = shared->bus()) hub.connect(*streams);

  metrics.set_models(known_models(settings, prices, *embedder));
  metrics.add_gauge("codelab_tasks_running", "Tasks that run or wait now",
                    [this] { return static_cast<double>(work.size()); });
  metrics.add_gauge("codelab_agent_tasks_running", "Tasks that have a slot at their agent",
                    [this] { return static_cast<double>(bus.counts().running); });
  metrics.add_gauge("codelab_agent_tasks_waiting", "Tasks that wait for a slot at their agent",
                    [this] { return static_cast<double>(bus.counts().waiting); });
  metrics.add_gauge("codelab_stream_subscribers", "Readers of streams and waiting posts",
                    [this] { return static_cast<double>(hub.subscriber_count()); });
}

Platform::~Platform() { stop(std::chrono::milliseconds{0}); }

void Platform::start() {
  cores.start();
  begin_leases();
  memories.start();
  for (auto& take_over : take_overs) {
    upkeep.spawn(cores.executor(0), take_over.keep_lease());
    upkeep.spawn(cores.executor(0), take_over.run());
  }
  upkeep.spawn(cores.executor(0), bus.run());
  upkeep.spawn(cores.executor(0), interactions.run());
  upkeep.spawn(cores.executor(0), sweep_streams(hub, cores.executor(0)));
}

void Platform::look_for_tasks() {
  for (auto& take_over : take_overs) take_over.look_soon();
}

void Platform::begin_leases() {
  run_task(cores.executor(0), take_overs.front().begin());
  leasing_ = true;
  for (auto take_over = std::next(take_overs.begin()); take_over != take_overs.end(); ++take_over) {
    try {
      run_task(cores.executor(0), take_over->begin());
    } catch (const base::StoreError& failure) {
      base::log::error("started_without_a_shard", {{"reason", failure.what()}});
    }
  }
}

void Platform::stop(std::chrono::milliseconds grace) {
  for (auto& take_over : take_overs) take_over.stop_taking();
  // What waits is not begun any more: others have it as soon as what runs has ended.
  bus.stop_turns();
  if (!work.drain(grace)) {
    base::log::warning("tasks_cancelled", {{"count", work.size()}});
    work.cancel();
    work.drain(kCancelGrace);
  }
  // Until here the lease on the tasks was renewed.
  upkeep.cancel();
  upkeep.drain(kCancelGrace);
  if (std::exchange(leasing_, false)) {
    for (auto& take_over : take_overs) run_task(cores.executor(0), take_over.end());
  }
  memories.stop();
  storage->stop();
  hub.disconnect();
  shared->stop();
  cores.stop();
  encoder_threads.stop();
  encoder_threads.join();
}

}  // namespace codelab::app
