#include "infra/embedded_models/use_lite_weights.hpp"

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace codelab::infra::embedded_models {
namespace {

static_assert(std::endian::native == std::endian::little, "the file holds little-endian numbers");

constexpr std::string_view kMagic = "codelab use-lite";
constexpr std::uint32_t kLayoutVersion = 1;
constexpr std::size_t kHeaderBytes = 64;

/// Hands out tensors in the order of the file. Without data it only counts them.
class Cursor {
 public:
  explicit Cursor(const float* data) : data_(data) {}

  std::size_t taken() const { return taken_; }

  RowMajor<const float> rows(std::size_t count, std::size_t width) { return {take(count * width), width}; }

  DenseWeights dense(std::size_t depth, std::size_t columns) {
    const PackedMatrix matrix{take(depth * columns), depth, columns};
    return {matrix, vector(columns)};
  }

  TransformerLayerWeights layer(std::size_t input_width) {
    TransformerLayerWeights layer;
    layer.input_width = input_width;
    layer.attention_norm = norm(input_width);
    layer.queries_keys_values = dense(input_width, 3 * input_width);
    layer.attention_output = dense(input_width, UseLiteWeights::kWidth);
    layer.feed_forward_norm = norm(UseLiteWeights::kWidth);
    layer.expand = dense(UseLiteWeights::kWidth, UseLiteWeights::kHiddenWidth);
    layer.contract = dense(UseLiteWeights::kHiddenWidth, UseLiteWeights::kWidth);
    return layer;
  }

 private:
  NormWeights norm(std::size_t width) {
    const auto scale = vector(width);
    return {scale, vector(width)};
  }

  std::span<const float> vector(std::size_t size) {
    const float* data = take(size);
    return data == nullptr ? std::span<const float>{} : std::span<const float>{data, size};
  }

  const float* take(std::size_t count) {
    const float* tensor = data_ == nullptr ? nullptr : data_ + taken_;
    taken_ += count;
    return tensor;
  }

  const float* data_;
  std::size_t taken_ = 0;
};

UseLiteWeights lay_out(Cursor& cursor) {
  UseLiteWeights weights;
  weights.embeddings = cursor.rows(UseLiteWeights::kPieces, UseLiteWeights::kEmbeddingWidth);
  weights.timing = cursor.rows(UseLiteWeights::kPositions, UseLiteWeights::kEmbeddingWidth);
  weights.residual = cursor.dense(UseLiteWeights::kEmbeddingWidth, UseLiteWeights::kWidth);
  weights.first_layer = cursor.layer(UseLiteWeights::kEmbeddingWidth);
  weights.second_layer = cursor.layer(UseLiteWeights::kWidth);
  weights.output = cursor.dense(UseLiteWeights::kWidth, UseLiteWeights::kWidth);
  return weights;
}

}  // namespace

std::optional<UseLiteWeights> UseLiteWeights::parse(std::span<const std::byte> file) {
  Cursor counter(nullptr);
  lay_out(counter);
  if (file.size() != kHeaderBytes + counter.taken() * sizeof(float)) return std::nullopt;
  std::uint32_t version = 0;
  std::memcpy(&version, file.data() + kMagic.size(), sizeof version);
  if (std::memcmp(file.data(), kMagic.data(), kMagic.size()) != 0 || version != kLayoutVersion) return std::nullopt;
  Cursor cursor(reinterpret_cast<const float*>(file.data() + kHeaderBytes));
  return lay_out(cursor);
}

}  // namespace codelab::infra::embedded_models
