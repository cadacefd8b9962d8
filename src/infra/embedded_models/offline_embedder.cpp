#include "infra/embedded_models/offline_embedder.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/offload.hpp"
#include "infra/embedded_models/script.hpp"

namespace codelab::infra::embedded_models {
namespace {

constexpr std::string_view kSentenceModel = "offline-use-lite-512";
constexpr std::string_view kHashingModel = "offline-hashing-1536";

/// The sentence encoder knows only spaces between words.
std::string with_plain_spaces(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return text;
}

}  // namespace

core::models::ModelInfo OfflineEmbedder::info() const {
  switch (mode_) {
    case OfflineEmbedding::hashing:
      return {.name = std::string(kHashingModel), .offline = true};
    case OfflineEmbedding::sentences:
      return {.name = std::string(kSentenceModel), .offline = true};
    case OfflineEmbedding::automatic:
      break;
  }
  return {.name = "use-lite + hashing", .offline = true};
}

const UseLiteEncoder* OfflineEmbedder::sentence_encoder() {
  std::call_once(opened_, [this] {
    auto opened = UseLiteEncoder::open(weights_);
    if (opened) {
      sentences_ = std::move(*opened);
    } else {
      base::log::warning("sentence_encoder_unavailable", {{"reason", opened.error()}});
    }
  });
  return sentences_.get();
}

bool OfflineEmbedder::reads_sentences(std::string_view text) const {
  if (mode_ == OfflineEmbedding::automatic) return is_mostly_latin(text);
  return mode_ == OfflineEmbedding::sentences;
}

core::models::Embedding OfflineEmbedder::hashed(std::string_view text) const {
  return {.model = std::string(kHashingModel), .values = hashing_.encode(text)};
}

/// All on the pool: opening the weights takes some milliseconds too.
base::Task<core::models::Embedding> OfflineEmbedder::encode_sentence(std::string text) {
  auto work = [this, text = with_plain_spaces(std::move(text))]() -> core::models::Embedding {
    const UseLiteEncoder* encoder = sentence_encoder();
    if (encoder == nullptr) return hashed(text);
    return {.model = std::string(kSentenceModel), .values = encoder->encode(text)};
  };
  co_return co_await base::offload(pool_, std::move(work));
}

base::Task<base::Result<std::vector<core::models::Embedding>>> OfflineEmbedder::embed(std::vector<std::string> texts) {
  std::vector<core::models::Embedding> embeddings;
  for (std::string& text : texts) {
    if (reads_sentences(text)) {
      auto embedding = co_await encode_sentence(std::move(text));
      embeddings.push_back(std::move(embedding));
    } else {
      embeddings.push_back(hashed(text));
    }
  }
  co_return embeddings;
}

}  // namespace codelab::infra::embedded_models
