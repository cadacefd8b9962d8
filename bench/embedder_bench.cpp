#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <unistd.h>

#include <benchmark/benchmark.h>

#include "infra/embedded_models/hashing_encoder.hpp"
#include "infra/embedded_models/use_lite_encoder.hpp"

// The offline text encoders on one core. The model's folder (scripts/fetch_embedding_model.sh) is named by
// CODELAB_TEST_MODEL_DIR.
namespace codelab::infra::embedded_models {
namespace {

std::string model_directory() {
  const char* directory = std::getenv("CODELAB_TEST_MODEL_DIR");
  return directory == nullptr ? "CODELAB_TEST_MODEL_DIR-is-not-set" : directory;
}

double resident_megabytes() {
  std::size_t total = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

/// A text of exactly `tokens` tokens.
std::string text_of(std::size_t tokens) {
  std::string text = "word";
  for (std::size_t i = 1; i < tokens; ++i) text += i % 3 == 0 ? " the" : " agent";
  return text;
}

/// Registered first, so that the process is fresh: what opening and the first sentence cost.
void use_lite_first_use(benchmark::State& state) {
  const double before = resident_megabytes();
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    const auto encoder = UseLiteEncoder::open(model_directory());
    if (!encoder) {
      state.SkipWithError(encoder.error().c_str());
      return;
    }
    state.counters["open_ms"] =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    state.counters["open_rss_mb"] = resident_megabytes() - before;
    benchmark::DoNotOptimize((*encoder)->encode(text_of(20)));
    state.counters["used_rss_mb"] = resident_megabytes() - before;
  }
}
BENCHMARK(use_lite_first_use)->Iterations(1)->Unit(benchmark::kMillisecond);

void use_lite_encode(benchmark::State& state, InstructionSet instructions) {
  if (instructions > best_instruction_set()) {
    state.SkipWithError("this processor cannot run the kernel");
    return;
  }
  const auto encoder = UseLiteEncoder::open(model_directory(), instructions);
  if (!encoder) {
    state.SkipWithError(encoder.error().c_str());
    return;
  }
  const std::string text = text_of(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize((*encoder)->encode(text));
  state.counters["tokens"] = static_cast<double>((*encoder)->tokenize(text).size());
}
BENCHMARK_CAPTURE(use_lite_encode, portable, InstructionSet::portable)->Arg(20)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(use_lite_encode, avx2, InstructionSet::avx2)
    ->Arg(5)
    ->Arg(20)
    ->Arg(128)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(use_lite_encode, avx512, InstructionSet::avx512)
    ->Arg(5)
    ->Arg(20)
    ->Arg(128)
    ->Unit(benchmark::kMillisecond);

void use_lite_tokenize(benchmark::State& state) {
  const auto encoder = UseLiteEncoder::open(model_directory());
  if (!encoder) {
    state.SkipWithError(encoder.error().c_str());
    return;
  }
  const std::string text = text_of(20);
  for (auto _ : state) benchmark::DoNotOptimize((*encoder)->tokenize(text));
}
BENCHMARK(use_lite_tokenize)->Unit(benchmark::kMicrosecond);

constexpr const char* kEnglish =
    "The billing service keeps its invoices in a PostgreSQL database; every night a job writes them to cold storage, "
    "checks the sums against the ledger, and sends a short report to the people on call.";
constexpr const char* kRussian =
    "Служба счетов хранит накладные в базе данных; каждую ночь задание переносит их в архив, сверяет суммы с "
    "главной книгой и отправляет краткий отчёт дежурным, чтобы никто не пропустил расхождение.";

void hashing_encode(benchmark::State& state, std::string text) {
  const HashingEncoder encoder;
  for (auto _ : state) benchmark::DoNotOptimize(encoder.encode(text));
}
BENCHMARK_CAPTURE(hashing_encode, english_200_characters, kEnglish)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(hashing_encode, russian_200_characters, kRussian)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace codelab::infra::embedded_models
