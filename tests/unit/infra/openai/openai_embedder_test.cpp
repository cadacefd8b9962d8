#include "infra/openai/openai_embedder.hpp"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "tests/unit/infra/openai/provider_fixture.hpp"

namespace codelab::infra::openai {
namespace {

using base::ErrorCode;
using codelab::tests::plain_reply;
using codelab::tests::Reply;
using codelab::tests::ScriptedServer;
using codelab::tests::SeenRequest;
using Outcome = base::Result<std::vector<core::models::Embedding>>;

base::Error error_of(const Outcome& outcome) {
  if (!outcome) return outcome.error();
  ADD_FAILURE() << "the call succeeded";
  return {};
}

/// A vector per text whose direction tells the text's length; the last text comes first.
Reply embed_all(const SeenRequest& request) {
  const auto input = boost::json::parse(request.body).at("input").as_array();
  std::string body;
  for (std::size_t i = input.size(); i-- > 0;) {
    body += body.empty() ? R"({"model":"server-name","data":[)" : ",";
    body += R"({"index":)" + std::to_string(i) + R"(,"embedding":[)";
    body += std::to_string(input[i].as_string().size()) + ",1]}";
  }
  return plain_reply(200, body + R"(],"usage":{"prompt_tokens":4}})");
}

class OpenAiEmbedderTest : public codelab::tests::ProviderTest {
 protected:
  void serve(ScriptedServer::Script script, EmbeddingOptions options = {}) {
    server_ = std::make_unique<ScriptedServer>(std::move(script));
    embedder_ = std::make_unique<OpenAiEmbedder>(config(*server_), options, clients_, clock_, observer_);
  }
  Outcome embed(std::vector<std::string> texts) { return run(embedder_->embed(std::move(texts))); }

  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<OpenAiEmbedder> embedder_;
};

TEST_F(OpenAiEmbedderTest, EveryTextGetsItsNormalisedVector) {
  serve(embed_all);
  const Outcome outcome = embed({"a", "abc"});
  ASSERT_TRUE(outcome);
  ASSERT_EQ(outcome->size(), 2U);
  EXPECT_FLOAT_EQ((*outcome)[0].values[0], 1 / std::sqrt(2.0F));
  EXPECT_FLOAT_EQ((*outcome)[1].values[0], 3 / std::sqrt(10.0F));
  EXPECT_EQ((*outcome)[0].model, "test-model");
  EXPECT_EQ(embedder_->info().name, "test-model");
  EXPECT_TRUE(server_->seen().at(0).has("POST /v1/embeddings HTTP/1.1"));
  EXPECT_EQ(server_->seen().at(0).body, R"({"model":"test-model","input":["a","abc"],"encoding_format":"float"})");
  EXPECT_EQ(observer_.tokens().prompt_tokens, 4);
}

TEST_F(OpenAiEmbedderTest, ManyTextsGoInBatches) {
  serve(embed_all, {.batch_size = 2});
  const Outcome outcome = embed({"1", "22", "333", "4444", "55555"});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->size(), 5U);
  EXPECT_FLOAT_EQ((*outcome)[4].values[0], 5 / std::sqrt(26.0F));
  EXPECT_EQ(server_->seen().size(), 3U);
}

TEST_F(OpenAiEmbedderTest, LongTextsGoInSmallerBatches) {
  serve(embed_all);
  ASSERT_TRUE(embed({std::string(200'000, 'x'), std::string(200'000, 'y')}));
  EXPECT_EQ(server_->seen().size(), 2U);
}

TEST_F(OpenAiEmbedderTest, OptionsAreSent) {
  serve(embed_all, {.dimensions = 2, .base64 = true});
  ASSERT_TRUE(embed({"a"}));
  EXPECT_NE(server_->seen().at(0).body.find(R"("encoding_format":"base64","dimensions":2)"), std::string::npos);
}

TEST_F(OpenAiEmbedderTest, AChangedDimensionIsRefused) {
  serve([count = std::make_shared<int>(0)](const SeenRequest&) {
    return plain_reply(200, (*count)++ == 0 ? R"({"data":[{"embedding":[1,2]}]})" : R"({"data":[{"embedding":[1]}]})");
  });
  EXPECT_TRUE(embed({"a"}));
  const Outcome outcome = embed({"b"});
  EXPECT_EQ(error_of(outcome).code, ErrorCode::model_failed);
  EXPECT_NE(error_of(outcome).detail.find("from 2 to 1"), std::string::npos);
}

TEST_F(OpenAiEmbedderTest, AWrongAnswerIsAFailure) {
  serve([](const SeenRequest&) { return plain_reply(200, R"({"data":[]})"); });
  EXPECT_EQ(error_of(embed({"a"})).code, ErrorCode::model_failed);
}

TEST_F(OpenAiEmbedderTest, AnErrorWithStatus200IsTheProviders) {
  serve([](const SeenRequest&) { return plain_reply(200, R"({"error":{"message":"no such model"}})"); });
  EXPECT_NE(error_of(embed({"a"})).detail.find("no such model"), std::string::npos);
}

TEST_F(OpenAiEmbedderTest, TriesAgainAfterAServerError) {
  serve([count = std::make_shared<int>(0)](const SeenRequest& request) {
    return (*count)++ == 0 ? plain_reply(502, "") : embed_all(request);
  });
  EXPECT_TRUE(embed({"a"}));
  EXPECT_EQ(observer_.retries(), std::vector<std::string>{"server_error"});
}

}  // namespace
}  // namespace codelab::infra::openai
