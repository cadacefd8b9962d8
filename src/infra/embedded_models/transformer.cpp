#include "infra/embedded_models/transformer.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace codelab::infra::embedded_models {
namespace {

constexpr std::size_t kHeads = 4;
constexpr float kNormEpsilon = 1e-6F;
constexpr float kLengthEpsilon = 1e-12F;

/// The sum of map(x), in eight partial sums: a single one would wait for every addition in turn.
template <class Map>
float sum_of(std::span<const float> values, Map map) {
  std::array<float, 8> partial{};
  std::size_t i = 0;
  for (; i + partial.size() <= values.size(); i += partial.size()) {
    for (std::size_t lane = 0; lane < partial.size(); ++lane) partial[lane] += map(values[i + lane]);
  }
  for (; i < values.size(); ++i) partial[0] += map(values[i]);
  float sum = 0;
  for (const float part : partial) sum += part;
  return sum;
}

void add(std::span<float> to, std::span<const float> what) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += what[i];
}

std::vector<float> mean_of_rows(Activations& rows, std::size_t count) {
  std::vector<float> mean(rows.row(0).size());
  for (std::size_t row = 0; row < count; ++row) add(mean, rows.row(row));
  for (float& value : mean) value /= static_cast<float>(count);
  return mean;
}

void softmax(std::span<float> scores, float scale) {
  const float greatest = *std::ranges::max_element(scores);
  for (float& score : scores) score = std::exp((score - greatest) * scale);
  const float sum = sum_of(scores, [](float x) { return x; });
  for (float& score : scores) score /= sum;
}

}  // namespace

Transformer::Transformer(std::size_t tokens, Multiply multiply)
    : tokens_(tokens),
      multiply_(multiply),
      normalized_(tokens, UseLiteWeights::kWidth),
      wide_(tokens, UseLiteWeights::kHiddenWidth),
      context_(tokens, UseLiteWeights::kWidth),
      update_(tokens, UseLiteWeights::kWidth),
      attention_(tokens, round_up_to_panel(tokens)) {}

void Transformer::dense(const DenseWeights& weights, RowMajor<const float> in, RowMajor<float> out) const {
  multiply_(in, tokens_, weights.matrix, weights.bias, out);
}

void Transformer::layer(const TransformerLayerWeights& layer, RowMajor<const float> in, Activations& stream) {
  attend(layer, in, stream);
  expand(layer, stream);
  dense(layer.contract, std::as_const(wide_).view(), update_.view());
  add(stream.values(), update_.values());
}

std::vector<float> Transformer::mean_after_layer(const TransformerLayerWeights& layer, Activations& stream) {
  attend(layer, std::as_const(stream).view(), stream);
  expand(layer, stream);
  // The last step is linear, so that the mean may be taken before it: one row to multiply instead of all.
  const auto hidden = mean_of_rows(wide_, tokens_);
  std::vector<float> mean(UseLiteWeights::kWidth);
  multiply_({hidden.data(), hidden.size()}, 1, layer.contract.matrix, layer.contract.bias, {mean.data(), mean.size()});
  add(mean, mean_of_rows(stream, tokens_));
  return mean;
}

void Transformer::attend(const TransformerLayerWeights& layer, RowMajor<const float> in, Activations& stream) {
  normalize(layer.attention_norm, in);
  dense(layer.queries_keys_values, std::as_const(normalized_).view(), wide_.view());
  for (std::size_t head = 0; head < kHeads; ++head) attend_head(head, layer.input_width);
  dense(layer.attention_output, std::as_const(context_).view(), update_.view());
  add(stream.values(), update_.values());
}

void Transformer::expand(const TransformerLayerWeights& layer, const Activations& stream) {
  normalize(layer.feed_forward_norm, stream.view());
  dense(layer.expand, std::as_const(normalized_).view(), wide_.view());
  for (float& value : wide_.values()) value = std::max(value, 0.0F);
}

void Transformer::attend_head(std::size_t head, std::size_t width) {
  const std::size_t head_width = width / kHeads;
  const auto part = [&](std::size_t index) {
    return RowMajor<const float>{wide_.view().data + index * width + head * head_width, wide_.view().stride};
  };
  const PackedMatrix keys = pack_transposed(part(1), tokens_, head_width, keys_);
  const PackedMatrix values = pack(part(2), tokens_, head_width, values_);
  multiply_(part(0), tokens_, keys, {}, attention_.view());
  const float scale = 1 / std::sqrt(static_cast<float>(head_width));
  for (std::size_t row = 0; row < tokens_; ++row) softmax(attention_.row(row).first(tokens_), scale);
  multiply_(std::as_const(attention_).view(), tokens_, values, {},
            {context_.view().data + head * head_width, context_.view().stride});
}

void Transformer::normalize(const NormWeights& weights, RowMajor<const float> in) {
  const std::size_t width = weights.scale.size();
  const auto count = static_cast<float>(width);
  for (std::size_t row = 0; row < tokens_; ++row) {
    const std::span<const float> from(in.row(row), width);
    const float mean = sum_of(from, [](float x) { return x; }) / count;
    const float variance = sum_of(from, [mean](float x) { return (x - mean) * (x - mean); }) / count;
    const float factor = 1 / std::sqrt(variance + kNormEpsilon);
    float* to = normalized_.row(row).data();
    for (std::size_t i = 0; i < width; ++i) to[i] = (from[i] - mean) * factor * weights.scale[i] + weights.bias[i];
  }
}

void scale_to_unit_length(std::span<float> vector) {
  const float squares = sum_of(vector, [](float x) { return x * x; });
  const float factor = 1 / std::sqrt(std::max(squares, kLengthEpsilon));
  for (float& value : vector) value *= factor;
}

}  // namespace codelab::infra::embedded_models
