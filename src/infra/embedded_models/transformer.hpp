#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "infra/embedded_models/gemm.hpp"
#include "infra/embedded_models/use_lite_weights.hpp"

namespace codelab::infra::embedded_models {

/// A row-major block of floats without a gap between rows, uninitialised at first.
class Activations {
 public:
  Activations(std::size_t rows, std::size_t width)
      : width_(width), size_(rows * width), data_(std::make_unique_for_overwrite<float[]>(size_)) {}

  std::span<float> values() { return {data_.get(), size_}; }
  std::span<float> row(std::size_t index) { return {data_.get() + index * width_, width_}; }
  RowMajor<float> view() { return {data_.get(), width_}; }
  RowMajor<const float> view() const { return {data_.get(), width_}; }

 private:
  std::size_t width_;
  std::size_t size_;
  std::unique_ptr<float[]> data_;
};

/// The layers of the encoder over one text of `tokens` (at least 1) rows. Holds the room for what passes between
/// them: one per call, used by one thread.
class Transformer {
 public:
  Transformer(std::size_t tokens, Multiply multiply);

  /// out = in * weights + bias.
  void dense(const DenseWeights& weights, RowMajor<const float> in, RowMajor<float> out) const;

  /// Adds to `stream` (UseLiteWeights::kWidth wide) what attention makes of `in`, layer.input_width wide; then adds
  /// what the feed-forward network makes of the sum. `in` may be the stream itself.
  void layer(const TransformerLayerWeights& layer, RowMajor<const float> in, Activations& stream);

  /// The mean of the rows that layer(layer, stream, stream) would leave, at less cost. Uses `stream` up.
  std::vector<float> mean_after_layer(const TransformerLayerWeights& layer, Activations& stream);

 private:
  void attend(const TransformerLayerWeights& layer, RowMajor<const float> in, Activations& stream);
  void attend_head(std::size_t head, std::size_t width);
  void expand(const TransformerLayerWeights& layer, const Activations& stream);
  void normalize(const NormWeights& weights, RowMajor<const float> in);

  std::size_t tokens_;
  Multiply multiply_;
  Activations normalized_;
  Activations wide_;
  Activations context_;
  Activations update_;
  Activations attention_;
  std::vector<float> keys_;
  std::vector<float> values_;
};

/// Brings `vector` to length 1; one that is nearly zero is left short.
void scale_to_unit_length(std::span<float> vector);

}  // namespace codelab::infra::embedded_models
