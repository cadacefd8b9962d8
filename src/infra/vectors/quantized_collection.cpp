#include "infra/vectors/quantized_collection.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "infra/vectors/quantization.hpp"

namespace codelab::infra::vectors {

struct QuantizedQuery {
  explicit QuantizedQuery(std::span<const float> query) : components(int8_stride(query.size())) {
    scale = quantize_to_int8(query, components);
  }

  /// What a scan of sign bits needs as well.
  void add_bit_planes(std::span<const float> query) {
    planes.resize(kBitPlanes * words_of_bits(query.size()));
    take_bit_planes(query, planes);
  }

  std::vector<std::int8_t> components;
  std::vector<std::uint64_t> planes;
  float scale = 0;
};

namespace {

/// How many rows the sign bits pass on, so that the best `top` of `rows` are among them.
std::size_t oversampled(std::size_t top, std::size_t rows) {
  constexpr std::size_t kLeast = 500;
  constexpr std::size_t kTimesTop = 10;
  constexpr std::size_t kShareOfRows = 100;
  return std::min(rows, std::max({kLeast, kTimesTop * top, rows / kShareOfRows}));
}

std::vector<std::uint32_t> sorted_slots(TopSelection& selection) {
  std::vector<std::uint32_t> slots;
  for (const auto& scored : selection.take()) slots.push_back(scored.slot);
  std::ranges::sort(slots);
  return slots;
}

/// Rows far apart are asked for this many rows before they are read.
constexpr std::size_t kRowsAhead = 4;

void prefetch(const std::int8_t* row, std::size_t bytes) {
  constexpr std::size_t kCacheLine = 64;
  for (std::size_t at = 0; at < bytes; at += kCacheLine) __builtin_prefetch(row + at);
}

/// Calls visit(first slot, count) for runs of rows that lie side by side in their blocks.
template <class Visit>
void for_each_run(std::size_t rows, Visit visit) {
  constexpr std::size_t kRun = RowBlocks<float>::kRowsPerBlock;
  for (std::size_t first = 0; first < rows; first += kRun) visit(first, std::min(kRun, rows - first));
}

using RunScores = std::array<std::int32_t, RowBlocks<float>::kRowsPerBlock>;

}  // namespace

QuantizedCollection::QuantizedCollection(std::size_t dimension, CollectionOptions options)
    : dimension_(dimension),
      options_(options),
      components_(int8_stride(dimension)),
      bits_(words_of_bits(dimension)),
      scales_(1),
      vectors_(dimension) {
  if (dimension == 0 || dimension > kMaxDimension) throw std::invalid_argument("vector dimension out of range");
}

std::size_t QuantizedCollection::bytes() const noexcept {
  return sizeof(*this) + ids_.bytes() + components_.bytes() + bits_.bytes() + scales_.bytes() + vectors_.bytes();
}

void QuantizedCollection::require_dimension(std::size_t dimension) const {
  if (dimension != dimension_) throw std::invalid_argument("vector of another dimension than its collection");
}

std::span<const float> QuantizedCollection::vector_of(std::int64_t row_id) const noexcept {
  const auto slot = ids_.slot_of(row_id);
  if (!slot || !keeps_vectors_) return {};
  return {vectors_.row(*slot), dimension_};
}

void QuantizedCollection::make_room_for_one() {
  if (keeps_vectors_ && size() >= options_.kept_vectors) {
    vectors_ = RowBlocks<float>(dimension_);
    keeps_vectors_ = false;
  }
  if (keeps_vectors_) vectors_.make_room_for(size());
  components_.make_room_for(size());
  bits_.make_room_for(size());
  scales_.make_room_for(size());
  ids_.make_room();
}

void QuantizedCollection::write(std::uint32_t slot, std::span<const float> vector) {
  *scales_.row(slot) = quantize_to_int8(vector, {components_.row(slot), components_.stride()});
  take_sign_bits(vector, {bits_.row(slot), bits_.stride()});
  if (keeps_vectors_) std::ranges::copy(vector, vectors_.row(slot));
}

void QuantizedCollection::add(std::int64_t row_id, std::span<const float> unit_vector) {
  require_dimension(unit_vector.size());
  if (const auto slot = ids_.slot_of(row_id)) return write(*slot, unit_vector);
  make_room_for_one();
  write(static_cast<std::uint32_t>(size()), unit_vector);
  ids_.append(row_id);
}

void QuantizedCollection::copy_row(std::uint32_t from, std::uint32_t to) noexcept {
  std::memcpy(components_.row(to), components_.row(from), components_.stride());
  std::memcpy(bits_.row(to), bits_.row(from), bits_.stride() * sizeof(std::uint64_t));
  *scales_.row(to) = *scales_.row(from);
  if (keeps_vectors_) std::memcpy(vectors_.row(to), vectors_.row(from), dimension_ * sizeof(float));
}

bool QuantizedCollection::remove(std::int64_t row_id) noexcept {
  const auto slot = ids_.slot_of(row_id);
  if (!slot) return false;
  const auto last = static_cast<std::uint32_t>(size() - 1);
  if (*slot != last) copy_row(last, *slot);
  ids_.swap_remove(*slot);
  components_.shrink_to(size());
  bits_.shrink_to(size());
  scales_.shrink_to(size());
  vectors_.shrink_to(size());
  return true;
}

QuantizedCollection::Slots QuantizedCollection::slots_of(std::span<const std::int64_t> row_ids) const {
  Slots slots;
  slots.reserve(row_ids.size());
  for (const auto id : row_ids) {
    if (const auto slot = ids_.slot_of(id)) slots.push_back(*slot);
  }
  std::ranges::sort(slots);
  slots.erase(std::ranges::unique(slots).begin(), slots.end());
  return slots;
}

void QuantizedCollection::scan_int8(const QuantizedQuery& query, TopSelection& best) const {
  for_each_run(size(), [&](std::size_t first, std::size_t count) {
    RunScores dots;
    options_.kernels->dot_int8(query.components.data(), components_.row(first), components_.stride(), count,
                               dots.data());
    const float* scales = scales_.row(first);
    for (std::size_t i = 0; i < count; ++i) {
      best.offer(query.scale * scales[i] * static_cast<float>(dots[i]), static_cast<std::uint32_t>(first + i));
    }
  });
}

void QuantizedCollection::scan_int8(const QuantizedQuery& query, const Slots& slots, TopSelection& best) const {
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (i + kRowsAhead < slots.size()) prefetch(components_.row(slots[i + kRowsAhead]), components_.stride());
    const auto slot = slots[i];
    std::int32_t dot = 0;
    options_.kernels->dot_int8(query.components.data(), components_.row(slot), components_.stride(), 1, &dot);
    best.offer(query.scale * *scales_.row(slot) * static_cast<float>(dot), slot);
  }
}

void QuantizedCollection::scan_bits(const QuantizedQuery& query, TopSelection& best) const {
  for_each_run(size(), [&](std::size_t first, std::size_t count) {
    RunScores sums;
    options_.kernels->dot_bits(query.planes.data(), bits_.row(first), bits_.stride(), count, sums.data());
    for (std::size_t i = 0; i < count; ++i) {
      best.offer(static_cast<float>(sums[i]), static_cast<std::uint32_t>(first + i));
    }
  });
}

void QuantizedCollection::scan_bits(const QuantizedQuery& query, const Slots& slots, TopSelection& best) const {
  for (const auto slot : slots) {
    std::int32_t sum = 0;
    options_.kernels->dot_bits(query.planes.data(), bits_.row(slot), bits_.stride(), 1, &sum);
    best.offer(static_cast<float>(sum), slot);
  }
}

std::vector<Candidate> QuantizedCollection::candidates(TopSelection& best) const {
  std::vector<Candidate> found;
  for (const auto& scored : best.take()) found.push_back({ids_.id_of(scored.slot), scored.score});
  std::ranges::sort(found, [](const Candidate& left, const Candidate& right) {
    return left.approx_score != right.approx_score ? left.approx_score > right.approx_score
                                                   : left.row_id < right.row_id;
  });
  return found;
}

std::vector<Candidate> QuantizedCollection::search(std::span<const float> query, std::size_t top,
                                                   std::optional<std::span<const std::int64_t>> allowed_ids) const {
  require_dimension(query.size());
  top = std::min(top, size());
  if (top == 0) return {};
  QuantizedQuery quantized(query);
  Slots slots = allowed_ids ? slots_of(*allowed_ids) : Slots{};
  const std::size_t rows = allowed_ids ? slots.size() : size();

  TopSelection best(top);
  if (rows > options_.int8_scan_limit) {
    quantized.add_bit_planes(query);
    TopSelection by_bits(oversampled(top, rows));
    allowed_ids ? scan_bits(quantized, slots, by_bits) : scan_bits(quantized, by_bits);
    scan_int8(quantized, sorted_slots(by_bits), best);
  } else {
    allowed_ids ? scan_int8(quantized, slots, best) : scan_int8(quantized, best);
  }
  return candidates(best);
}

}  // namespace codelab::infra::vectors
