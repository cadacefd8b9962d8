#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "infra/qdrant/layout.hpp"
#include "tests/integration/qdrant/qdrant_fixture.hpp"

namespace codelab::tests {
namespace {

using infra::qdrant::Call;
using infra::qdrant::LayoutKind;
using infra::qdrant::Space;
using testing::HasSubstr;

/// Somebody else's hand in the same Qdrant.
class QdrantCollections : public testing::TestWithParam<LayoutKind> {
 protected:
  QdrantCollections() : process(options()), layout(infra::qdrant::make_layout(options())), hand(options(), cores()) {}
  ~QdrantCollections() override { cores().stop(); }

  infra::qdrant::Options options() const { return qdrant_options(server.url(), GetParam()); }
  base::Cores& cores() { return process.runner.cores(); }
  bool shared() const { return GetParam() == LayoutKind::tenant; }
  std::string collection() const { return layout->of_agent(user, agent, Space::of({"model", {1, 0}})).collection; }
  infra::qdrant::Answer make(const std::string& body) {
    return process.runner.run(
        hand.call({.operation = "", .method = "PUT", .path = "/collections/" + collection(), .body = body}));
  }
  std::string fault_of_add() {
    const core::memory::NewMemory memory{.item = {.id = base::MemoryId::generate()}, .embedding = {"model", {1, 0}}};
    return process.fault_of(process.store.add(user, agent, memory));
  }

  QdrantServer server;
  QdrantProcess process;
  std::unique_ptr<infra::qdrant::Layout> layout;
  infra::qdrant::Client hand;
  const core::identity::UserScope user = QdrantProcess::new_user();
  const base::AgentId agent = process.new_agent(user);
};

INSTANTIATE_TEST_SUITE_P(Over, QdrantCollections, testing::Values(LayoutKind::collection, LayoutKind::tenant),
                         [](const auto& info) {
                           return std::string(info.param == LayoutKind::tenant ? "Tenant" : "Collection");
                         });

TEST_P(QdrantCollections, OneOfAnotherSizeIsRefusedInWords) {
  ASSERT_TRUE(make(R"({"vectors":{"dense":{"size":3,"distance":"Cosine"}},"sparse_vectors":{"words":{}}})").done());
  EXPECT_THAT(fault_of_add(), HasSubstr("its vectors have 3 dimensions, not 2"));
  if (!shared()) return;
  EXPECT_THAT(process.fault_of(process.store.prepare()), HasSubstr("its vectors have 3 dimensions, not 2"));
}

TEST_P(QdrantCollections, OneMadeOtherwiseIsRefusedInWords) {
  const std::vector<std::pair<std::string, std::string>> wrong{
      {R"({"vectors":{"size":2,"distance":"Cosine"},"sparse_vectors":{"words":{}}})", "no vectors named 'dense'"},
      {R"({"vectors":{"dense":{"size":2,"distance":"Dot"}},"sparse_vectors":{"words":{}}})", "not Cosine"},
      {R"({"vectors":{"dense":{"size":2,"distance":"Cosine"}}})", "no sparse vectors named 'words'"},
      {R"({"vectors":{"dense":{"size":2,"distance":"Cosine"}},"sparse_vectors":{"words":{"modifier":"idf"}}})", "idf"},
      {fmt::format(R"({{"vectors":{{"dense":{{"size":2,"distance":"Cosine"}}}},"sparse_vectors":{{"words":{{}}}},)"
                   R"("hnsw_config":{{"m":{}}}}})",
                   shared() ? 16 : 0),
       "hnsw_config.m"},
  };
  for (const auto& [body, fault] : wrong) {
    ASSERT_TRUE(make(body).done());
    EXPECT_THAT(fault_of_add(), HasSubstr(fault));
    process.runner.run(hand.call({.operation = "", .method = "DELETE", .path = "/collections/" + collection()}));
  }
}

TEST_P(QdrantCollections, AnIndexOfAnotherTypeIsRefusedAndAMissingOneIsMade) {
  process.remember(user, agent, "makes the collection");
  const auto index = "/collections/" + collection() + "/index";
  process.runner.run(hand.call({.operation = "", .method = "DELETE", .path = index + "/words"}));
  QdrantProcess second(options());
  second.runner.run(second.agents.create(user, {.id = agent, .name = "agent"})).value();
  second.remember(user, agent, "mends it");
  const auto info =
      process.runner.run(hand.call({.operation = "", .method = "GET", .path = "/collections/" + collection()}));
  EXPECT_EQ(info.result().at("payload_schema").at("words").at("data_type").as_string(), "integer");

  process.runner.run(hand.call(
      {.operation = "", .method = "PUT", .path = index, .body = R"({"field_name":"kind","field_schema":"integer"})"}));
  QdrantProcess third(options());
  third.runner.run(third.agents.create(user, {.id = agent, .name = "agent"})).value();
  const core::memory::NewMemory memory{.item = {.id = base::MemoryId::generate()}, .embedding = {"model", {1, 0}}};
  EXPECT_THAT(third.fault_of(third.store.add(user, agent, memory)), HasSubstr("'kind' is no keyword"));
}

TEST_P(QdrantCollections, TheyAreMadeForTheirLayout) {
  process.remember(user, agent, "makes the collection");
  const auto info =
      process.runner.run(hand.call({.operation = "", .method = "GET", .path = "/collections/" + collection()}));
  const auto& hnsw = info.result().at("config").at("hnsw_config").as_object();
  EXPECT_EQ(hnsw.at("m").as_int64(), shared() ? 0 : 16);
  const auto& schema = info.result().at("payload_schema").as_object();
  ASSERT_EQ(schema.contains("tenant"), shared());
  if (shared()) EXPECT_TRUE(schema.at("tenant").at("params").at("is_tenant").as_bool());
}

TEST_P(QdrantCollections, EachAgentHasItsOwnOrAllShareOne) {
  process.remember(user, agent, "one");
  process.remember(user, process.new_agent(user), "two");
  const auto other = QdrantProcess::new_user();
  process.remember(other, process.new_agent(other), "three");
  const auto list = process.runner.run(hand.call({.operation = "", .method = "GET", .path = "/collections"}));
  EXPECT_EQ(list.result().at("collections").as_array().size(), shared() ? 1 : 3);
}

TEST_P(QdrantCollections, OneTooManyIsRefused) {
  auto few = options();
  few.max_collections = 2;
  QdrantProcess bounded(few);
  for (int i = 0; i < 2; ++i) bounded.remember(user, bounded.new_agent(user), "fits");
  const auto third = bounded.new_agent(user);
  const core::memory::NewMemory memory{.item = {.id = base::MemoryId::generate()}, .embedding = {"model", {1, 0}}};
  EXPECT_THAT(bounded.fault_of(bounded.store.add(user, third, memory)),
              shared() ? testing::IsEmpty() : testing::Matcher<std::string>(HasSubstr("take the layout 'tenant'")));
}

TEST_P(QdrantCollections, WhatAnotherProcessStoredIsThereAtOnce) {
  process.remember(user, agent, "knows the space");
  QdrantProcess second(options());
  const auto fresh = second.new_agent(user);
  second.remember(user, fresh, "the dog");
  EXPECT_EQ(process.count(user, fresh), 1);
  EXPECT_EQ(process.search(user, fresh, "dog").size(), 1);
  EXPECT_EQ(process.runner.run(process.store.list(user, fresh, {})).total, 1);
}

TEST_P(QdrantCollections, NoQuestionAboutMemoriesGoesWithoutItsOwner) {
  const auto id = process.remember(user, agent, "the dog");
  process.search(user, agent, "dog");
  process.runner.run(process.store.search(user, agent, {.embedding = {"model", {1, 0}}, .filter = {{"a", 1}}}));
  process.runner.run(process.store.list(user, agent, {.limit = 1}));
  process.count(user, agent);
  process.runner.run(process.store.erase(user, agent, id));
  process.remember(user, agent, "a cat");
  process.runner.run(process.store.prune(user, agent, {.max_items = 0, .older_than = process.now()}, {}));
  process.remember(user, agent, "a bird");
  process.runner.run(process.store.drop_agent(user, agent));
  const auto owner = infra::qdrant::tenant_of(user.user(), agent);
  for (const auto& request : server.take_requests()) {
    const std::string path(request.at("path").as_string());
    const std::string body(request.at("body").as_string());
    if (path.find("/points") == std::string::npos && !path.ends_with("/facet")) continue;
    if (shared() && path.ends_with("/query/batch")) {
      const auto searches = boost::json::parse(body).at("searches").as_array();
      for (const auto& search : searches) EXPECT_THAT(boost::json::serialize(search.at("filter")), HasSubstr(owner));
    }
    EXPECT_THAT(shared() ? body : path, HasSubstr(owner)) << path;
  }
}

}  // namespace
}  // namespace codelab::tests
