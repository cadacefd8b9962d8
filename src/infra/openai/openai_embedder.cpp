#include "infra/openai/openai_embedder.hpp"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/json_text.hpp"
#include "infra/openai/embedding_answer.hpp"

namespace codelab::infra::openai {
namespace {

/// OpenAI takes 300,000 tokens a request, and a token is at least a byte.
constexpr std::size_t kMaxBatchBytes = 256UL << 10;
/// Room for 8192 dimensions written in full.
constexpr std::size_t kMaxBytesPerVector = 256UL << 10;

/// One request for the embeddings of some texts.
class EmbeddingExchange final : public Exchange {
 public:
  EmbeddingExchange(std::span<const std::string> texts, const ProviderConfig& config, const EmbeddingOptions& options)
      : texts_(texts), config_(config), options_(options) {}

  std::string_view model() const override { return config_.model; }
  std::string_view path() const override { return "/embeddings"; }
  std::size_t max_response_bytes() const override { return (texts_.size() + 1) * kMaxBytesPerVector; }
  curl::ChunkSink* sink() override { return nullptr; }
  core::models::TokenCounts tokens() const override { return answer_.tokens; }

  std::string begin() override {
    std::string body = R"({"model":)";
    base::append_json_string(body, config_.model);
    body += R"(,"input":[)";
    for (const std::string& text : texts_) {
      if (!body.ends_with('[')) body += ',';
      base::append_json_string(body, text);
    }
    body += fmt::format(R"(],"encoding_format":"{}")", options_.base64 ? "base64" : "float");
    if (options_.dimensions > 0) body += fmt::format(R"(,"dimensions":{})", options_.dimensions);
    body += '}';
    return body;
  }

  std::optional<AttemptFailure> accept(const curl::HttpOutcome& outcome) override {
    auto read = read_embedding_answer(outcome.body, texts_.size());
    if (!read) return refusal(outcome.body, read.error());
    answer_ = std::move(*read);
    return std::nullopt;
  }

  EmbeddingAnswer& answer() { return answer_; }

 private:
  /// Some servers report errors with status 200.
  AttemptFailure refusal(std::string_view body, const base::Error& error) const {
    boost::system::error_code failure;
    const auto document = boost::json::parse(body, failure);
    const auto provider = failure ? std::nullopt : find_provider_error(document, true);
    return provider ? failure_in_answer(*provider, config_.api_key) : failure_of_form(error.detail);
  }

  std::span<const std::string> texts_;
  const ProviderConfig& config_;
  const EmbeddingOptions& options_;
  EmbeddingAnswer answer_;
};

}  // namespace

OpenAiEmbedder::OpenAiEmbedder(ProviderConfig config, EmbeddingOptions options, curl::CurlClients& clients,
                               const base::Clock& clock, core::models::ModelObserver& observer)
    : link_(std::move(config), clients, clock, observer), options_(options) {}

base::Task<base::Result<std::vector<core::models::Embedding>>> OpenAiEmbedder::embed(std::vector<std::string> texts) {
  std::vector<core::models::Embedding> embeddings;
  embeddings.reserve(texts.size());
  for (std::span<const std::string> left = texts; !left.empty();) {
    const std::size_t count = batch_size(left);
    EmbeddingExchange exchange(left.first(count), link_.config(), options_);
    left = left.subspan(count);
    const auto error = co_await link_.run(exchange);
    if (error) co_return *error;
    auto& vectors = exchange.answer().vectors;
    const std::size_t dimension = vectors.front().size();
    if (!agrees(dimension)) {
      co_return base::make_error(
          base::ErrorCode::model_failed,
          fmt::format("the embedding model changed its dimension from {} to {}", dimension_.load(), dimension));
    }
    for (std::vector<float>& values : vectors) embeddings.push_back({link_.config().model, std::move(values)});
  }
  co_return embeddings;
}

core::models::ModelInfo OpenAiEmbedder::info() const { return {.name = link_.config().model, .offline = false}; }

std::size_t OpenAiEmbedder::batch_size(std::span<const std::string> texts) const {
  const std::size_t limit = std::min(texts.size(), std::max<std::size_t>(options_.batch_size, 1));
  std::size_t count = 1;
  for (std::size_t bytes = texts.front().size(); count < limit; ++count) {
    bytes += texts[count].size();
    if (bytes > kMaxBatchBytes) break;
  }
  return count;
}

bool OpenAiEmbedder::agrees(std::size_t dimension) {
  std::size_t known = 0;
  return dimension_.compare_exchange_strong(known, dimension) || known == dimension;
}

}  // namespace codelab::infra::openai
