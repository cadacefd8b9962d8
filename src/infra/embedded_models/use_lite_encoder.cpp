#include "infra/embedded_models/use_lite_encoder.hpp"

#include <cmath>
#include <utility>

#include "infra/embedded_models/transformer.hpp"

namespace codelab::infra::embedded_models {
namespace {

/// What the layers take in: each piece's embedding, doubled, plus the signal of its position. (The package's graph
/// adds the embedding to the sum of embedding and signal.)
Activations embed(const UseLiteWeights& weights, const std::vector<std::int32_t>& ids) {
  Activations input(ids.size(), UseLiteWeights::kEmbeddingWidth);
  for (std::size_t position = 0; position < ids.size(); ++position) {
    const float* embedding = weights.embeddings.row(static_cast<std::size_t>(ids[position]));
    const float* signal = weights.timing.row(position);
    const auto row = input.row(position);
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = embedding[i] + (embedding[i] + signal[i]);
  }
  return input;
}

}  // namespace

std::expected<std::unique_ptr<UseLiteEncoder>, std::string> UseLiteEncoder::open(
    const std::filesystem::path& model_directory, InstructionSet instructions) {
  const auto weights_path = model_directory / "use-lite.bin";
  const auto vocabulary_path = model_directory / "vocab.json";
  auto file = MappedFile::open(weights_path);
  if (!file) return std::unexpected(std::move(file).error());
  const auto weights = UseLiteWeights::parse(file->bytes());
  if (!weights) return std::unexpected(weights_path.string() + " is not a file of weights that this version reads");
  auto tokenizer = UnigramTokenizer::open(vocabulary_path);
  if (!tokenizer) return std::unexpected(std::move(tokenizer).error());
  if ((*tokenizer)->pieces() > UseLiteWeights::kPieces) {
    return std::unexpected(vocabulary_path.string() + " has more pieces than there are weights for");
  }
  return std::unique_ptr<UseLiteEncoder>(
      new UseLiteEncoder(*std::move(file), *weights, *std::move(tokenizer), multiply_with(instructions)));
}

UseLiteEncoder::UseLiteEncoder(MappedFile file, const UseLiteWeights& weights,
                               std::unique_ptr<const UnigramTokenizer> tokenizer, Multiply multiply)
    : file_(std::move(file)), weights_(weights), tokenizer_(std::move(tokenizer)), multiply_(multiply) {}

std::vector<std::int32_t> UseLiteEncoder::tokenize(std::string_view utf8) const {
  return tokenizer_->encode(utf8, kMaxTokens);
}

std::vector<float> UseLiteEncoder::encode(std::string_view utf8) const {
  const auto ids = tokenize(utf8);
  std::vector<float> mean(kDimensions);
  if (!ids.empty()) {
    Transformer transformer(ids.size(), multiply_);
    const Activations input = embed(weights_, ids);
    Activations stream(ids.size(), UseLiteWeights::kWidth);
    transformer.dense(weights_.residual, input.view(), stream.view());
    transformer.layer(weights_.first_layer, input.view(), stream);
    mean = transformer.mean_after_layer(weights_.second_layer, stream);
  }
  std::vector<float> vector(kDimensions);
  multiply_({mean.data(), kDimensions}, 1, weights_.output.matrix, weights_.output.bias, {vector.data(), kDimensions});
  for (float& value : vector) value = std::tanh(value);
  scale_to_unit_length(vector);
  return vector;
}

}  // namespace codelab::infra::embedded_models
