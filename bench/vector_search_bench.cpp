#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <vector>

#include <benchmark/benchmark.h>

#include "infra/vectors/quantized_collection.hpp"
#include "infra/vectors/rescore.hpp"

/// Search over synthetic clustered unit vectors. Counters: `recall` of the exact best ten, and `vs_f32_scan`, the time
/// relative to a plain scan of the float32 rows for the same queries in the same run, which is 1.
namespace {

using namespace codelab::infra::vectors;

constexpr std::size_t kTop = 10;
constexpr std::size_t kQueries = 32;

/// Processor time, so that the ratio holds on a machine that does other work beside.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

class Dataset {
 public:
  Dataset(std::size_t rows, std::size_t dimension) : rows_(rows), dimension_(dimension), values_(rows * dimension) {
    constexpr std::size_t kClusters = 1000;
    centres_.resize(kClusters * dimension);
    for (float& value : centres_) value = normal_(random_);
    for (std::size_t i = 0; i < rows; ++i) draw({values_.data() + i * dimension, dimension});
    queries_.resize(kQueries * dimension);
    for (std::size_t i = 0; i < kQueries; ++i) draw({queries_.data() + i * dimension, dimension});
    for (std::size_t i = 0; i < kQueries; ++i) exact_.push_back(scan(query(i)));
    const double start = cpu_seconds();
    for (std::size_t i = 0; i < kQueries; ++i) benchmark::DoNotOptimize(scan(query(i)));
    scan_seconds_ = (cpu_seconds() - start) / kQueries;
  }

  std::size_t rows() const { return rows_; }
  std::size_t dimension() const { return dimension_; }
  double scan_seconds() const { return scan_seconds_; }
  const std::vector<Match>& exact(std::size_t i) const { return exact_[i]; }
  std::span<const float> row(std::size_t i) const { return {values_.data() + i * dimension_, dimension_}; }
  std::span<const float> query(std::size_t i) const { return {queries_.data() + i * dimension_, dimension_}; }

  /// The plain scan: every row, every query, float32.
  std::vector<Match> scan(std::span<const float> query) const {
    std::vector<Match> matches(rows_);
    for (std::size_t i = 0; i < rows_; ++i) {
      const float score = fastest_kernels().dot_float(query.data(), row(i).data(), dimension_);
      matches[i] = {static_cast<std::int64_t>(i), score};
    }
    std::ranges::partial_sort(matches, matches.begin() + kTop, std::greater{}, &Match::score);
    matches.resize(kTop);
    return matches;
  }

  QuantizedCollection quantized(CollectionOptions options = {}) const {
    QuantizedCollection collection(dimension_, options);
    for (std::size_t i = 0; i < rows_; ++i) collection.add(static_cast<std::int64_t>(i), row(i));
    return collection;
  }

 private:
  void draw(std::span<float> out) {
    constexpr float kScatter = 0.8F;
    const float* centre = centres_.data() + random_() % (centres_.size() / dimension_) * dimension_;
    double squares = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = centre[i] + kScatter * normal_(random_);
      squares += double{out[i]} * double{out[i]};
    }
    for (float& value : out) value /= static_cast<float>(std::sqrt(squares));
  }

  std::size_t rows_;
  std::size_t dimension_;
  std::mt19937_64 random_{1};
  std::normal_distribution<float> normal_;
  std::vector<float> centres_;
  std::vector<float> values_;
  std::vector<float> queries_;
  std::vector<std::vector<Match>> exact_;
  double scan_seconds_ = 0;
};

/// One at a time in memory: the largest takes 0.6 GB.
const Dataset& dataset(const benchmark::State& state) {
  static std::unique_ptr<Dataset> current;
  const auto rows = static_cast<std::size_t>(state.range(0));
  const auto dimension = static_cast<std::size_t>(state.range(1));
  if (!current || current->rows() != rows || current->dimension() != dimension) {
    current.reset();
    current = std::make_unique<Dataset>(rows, dimension);
  }
  return *current;
}

double found_share(const std::vector<Match>& exact, const std::vector<Match>& found) {
  const auto is_found = [&](std::int64_t id) { return std::ranges::find(found, id, &Match::row_id) != found.end(); };
  return static_cast<double>(std::ranges::count_if(exact, is_found, &Match::row_id)) / kTop;
}

/// Runs search(query) over the queries in turn and reports its counters.
template <class Search>
void measure(benchmark::State& state, const Dataset& data, Search search) {
  double recall = 0;
  for (std::size_t i = 0; i < kQueries; ++i) recall += found_share(data.exact(i), search(data.query(i))) / kQueries;
  std::size_t next = 0;
  const double start = cpu_seconds();
  for (auto _ : state) {
    auto found = search(data.query(next++ % kQueries));
    benchmark::DoNotOptimize(found);
  }
  const double seconds = cpu_seconds() - start;
  state.counters["recall"] = recall;
  state.counters["vs_f32_scan"] = seconds / static_cast<double>(state.iterations()) / data.scan_seconds();
}

void search_with(benchmark::State& state, CollectionOptions options) {
  const Dataset& data = dataset(state);
  const auto collection = data.quantized(options);
  const FetchVector fetch = [&](std::int64_t id) { return data.row(static_cast<std::size_t>(id)); };
  measure(state, data, [&](std::span<const float> query) {
    return rescore(query, collection.search(query, rescore_count(kTop)), kTop, fetch);
  });
  state.counters["bytes_per_row"] = static_cast<double>(collection.bytes()) / static_cast<double>(data.rows());
}

void f32_scan(benchmark::State& state) {
  const Dataset& data = dataset(state);
  measure(state, data, [&](std::span<const float> query) { return data.scan(query); });
}

/// As configured by default: int8 rows, or sign bits first past kInt8ScanLimit.
void search(benchmark::State& state) { search_with(state, {}); }

void search_int8_rows(benchmark::State& state) { search_with(state, {.int8_scan_limit = SIZE_MAX}); }

void search_portable(benchmark::State& state) { search_with(state, {.kernels = &portable_kernels()}); }

void search_a_thousand_allowed(benchmark::State& state) {
  const Dataset& data = dataset(state);
  const auto collection = data.quantized();
  std::vector<std::int64_t> allowed;
  for (std::size_t i = 0; i < 1000; ++i) allowed.push_back(static_cast<std::int64_t>(i * data.rows() / 1000));
  std::size_t next = 0;
  for (auto _ : state) {
    auto found = collection.search(data.query(next++ % kQueries), rescore_count(kTop), allowed);
    benchmark::DoNotOptimize(found);
  }
}

void add_rows(benchmark::State& state) {
  const Dataset& data = dataset(state);
  for (auto _ : state) {
    auto collection = data.quantized();
    benchmark::DoNotOptimize(collection);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void sizes(benchmark::internal::Benchmark* bench) { bench->ArgNames({"rows", "dim"})->Unit(benchmark::kMillisecond); }

BENCHMARK(f32_scan)->Apply(sizes)->Args({20'000, 512});
BENCHMARK(search)->Apply(sizes)->Args({20'000, 512});
BENCHMARK(search_portable)->Apply(sizes)->Args({20'000, 512});
BENCHMARK(add_rows)->Apply(sizes)->Args({20'000, 512});

BENCHMARK(f32_scan)->Apply(sizes)->Args({20'000, 1536});
BENCHMARK(search)->Apply(sizes)->Args({20'000, 1536});
BENCHMARK(add_rows)->Apply(sizes)->Args({20'000, 1536});

BENCHMARK(f32_scan)->Apply(sizes)->Args({100'000, 1536});
BENCHMARK(search)->Apply(sizes)->Args({100'000, 1536});
BENCHMARK(search_int8_rows)->Apply(sizes)->Args({100'000, 1536});
BENCHMARK(search_portable)->Apply(sizes)->Args({100'000, 1536});
BENCHMARK(search_a_thousand_allowed)->Apply(sizes)->Args({100'000, 1536});

}  // namespace
