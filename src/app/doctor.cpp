#include "app/doctor.hpp"

#include <exception>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "app/platform.hpp"
#include "app/run_task.hpp"
#include "base/store_error.hpp"
#include "infra/embedded_models/use_lite_encoder.hpp"

namespace codelab::app {
namespace {

class Findings {
 public:
  void good(std::string_view part, std::string_view what) { fmt::print("ok       {:<10} {}\n", part, what); }
  void note(std::string_view part, std::string_view what) { fmt::print("note     {:<10} {}\n", part, what); }
  void bad(std::string_view part, std::string_view what) {
    fmt::print("problem  {:<10} {}\n", part, what);
    ++problems_;
  }
  int problems() const { return problems_; }

 private:
  int problems_ = 0;
};

class IgnoredText final : public core::models::TextSink {
 public:
  void on_text(std::string_view) override {}
};

void check_weights(const config::Settings& settings, Findings& findings) {
  if (!settings.embedding.base_url.empty() || settings.embedding.model == "hashing") return;
  const auto folder = weights_folder(settings);
  const auto encoder = infra::embedded_models::UseLiteEncoder::open(folder);
  if (encoder) {
    findings.good("encoder", fmt::format("the offline sentence encoder is in {}", folder.string()));
  } else if (settings.embedding.model == "sentences") {
    findings.bad("encoder", fmt::format("{}; embedding.model asks for it", encoder.error()));
  } else {
    findings.note("encoder", fmt::format("{}; texts are hashed instead (lexical, not semantic)", encoder.error()));
  }
}

void check_model(Platform& platform, const std::string& address, Findings& findings) {
  const auto info = platform.model->info();
  if (info.offline) {
    findings.note("model", "offline: answers are recalled, not reasoned; set OPENAI_API_KEY or CODELAB_LLM_BASE_URL");
    return;
  }
  IgnoredText sink;
  core::models::CompletionRequest request{.messages = {{core::models::Role::user, "Say ok."}}, .max_tokens = 5};
  const auto answer = run_task(platform.cores.executor(0), platform.model->complete(std::move(request), sink));
  if (answer) {
    findings.good("model", fmt::format("{} at {} answers", answer->model, address));
  } else {
    findings.bad("model", fmt::format("{}: {}", address, answer.error().detail));
  }
}

void check_embedder(Platform& platform, const std::string& address, Findings& findings) {
  if (platform.embedder->info().offline) return;
  const auto embedded = run_task(platform.cores.executor(0), platform.embedder->embed({"ok"}));
  if (embedded) {
    findings.good("embedding",
                  fmt::format("{}, {} dimensions", embedded->front().model, embedded->front().values.size()));
  } else {
    findings.bad("embedding", fmt::format("{}: {}", address, embedded.error().detail));
  }
}

void check_helper(Platform& platform, std::string_view name, base::Task<> look, Findings& findings) {
  if (name.empty()) return;
  try {
    run_task(platform.cores.executor(0), std::move(look));
    findings.good(name, "answers");
  } catch (const base::StoreError& reason) {
    findings.bad(name, fmt::format("cannot be used, and messages are answered without it: {}", reason.what()));
  }
}

}  // namespace

int run_doctor(const config::Settings& settings) {
  base::log::set_level(base::log::Level::error);
  Findings findings;
  try {
    Platform platform(settings);
    const std::string where = settings.database_url.empty() ? " in " + settings.data_dir : "";
    findings.good("storage", fmt::format("the {} database{} opens and is up to date", platform.storage->name(), where));
    findings.good("secrets", "the token secrets can be used");
    platform.cores.start();
    check_helper(platform, platform.shared->name(), platform.shared->look(), findings);
    check_helper(platform, platform.memories.name(), platform.memories.look(), findings);
    check_weights(settings, findings);
    check_model(platform, settings.llm.base_url, findings);
    check_embedder(platform, settings.embedding.base_url, findings);
  } catch (const std::exception& failure) {
    findings.bad("start", failure.what());
  }
  return findings.problems() == 0 ? 0 : 1;
}

}  // namespace codelab::app
