#include "infra/qdrant/layout.hpp"

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace codelab::infra::qdrant {
namespace {

using core::identity::ScopeIssuer;

class LayoutTest : public testing::Test {
 protected:
  static Options options(LayoutKind kind) { return {.layout = kind, .prefix = "test_"}; }

  const core::identity::UserScope ann = ScopeIssuer::open(base::UserId::generate());
  const core::identity::UserScope bob = ScopeIssuer::open(base::UserId::generate());
  const base::AgentId agent = base::AgentId::generate();
  const Space space = Space::of({"some model/v1", {1, 0, 0}});
  const std::unique_ptr<Layout> own = make_layout(options(LayoutKind::collection));
  const std::unique_ptr<Layout> shared = make_layout(options(LayoutKind::tenant));
};

TEST_F(LayoutTest, a_space_is_named_by_a_digest_of_its_model_and_its_dimension) {
  EXPECT_THAT(space.tag, testing::MatchesRegex("[0-9a-f]+_3"));
  EXPECT_EQ(space.tag.size(), 18);
  EXPECT_NE(space, Space::of({"some model/v2", {1, 0, 0}}));
  EXPECT_NE(space, Space::of({"some model/v1", {1, 0}}));
  EXPECT_EQ(Space::parse(space.tag), space);
  for (const auto* text : {"", "_3", "0123456789abcdef", "0123456789abcdef_", "0123456789abcdef_0",
                           "0123456789abcdef_x", "0123456789abcdef_3 ", "0123456789abcdeg_3"}) {
    EXPECT_EQ(Space::parse(text), std::nullopt) << text;
  }
}

TEST_F(LayoutTest, an_agents_own_collection_is_named_by_ids) {
  const auto place = own->of_agent(ann, agent, space);
  EXPECT_EQ(place.collection, "test_user" + ann.user().str() + "_" + agent.str() + "_context_" + space.tag);
  EXPECT_TRUE(place.owner.empty());
  EXPECT_EQ(own->space_of(place.collection), space);
  ASSERT_TRUE(own->owner_of(place.collection));
  EXPECT_EQ(own->owner_of(place.collection)->user, ann.user());
  EXPECT_EQ(own->owner_of(place.collection)->agent, agent);
}

TEST_F(LayoutTest, a_shared_collection_never_comes_without_its_tenant) {
  const auto place = shared->of_agent(ann, agent, space);
  EXPECT_EQ(place.collection, "test_memories_" + space.tag);
  EXPECT_EQ(boost::json::serialize(place.owner),
            R"([{"key":"tenant","match":{"value":"user)" + ann.user().str() + "_" + agent.str() + R"("}}])");
  EXPECT_EQ(shared->space_of(place.collection), space);
  EXPECT_FALSE(shared->owner_of(place.collection));
}

TEST_F(LayoutTest, collections_of_somebody_else_are_not_ours) {
  const auto name = own->of_agent(ann, agent, space).collection;
  for (const auto& other : {"other_" + name, name + "x", std::string("test_user"), std::string("test_memories"),
                            shared->of_agent(ann, agent, space).collection, std::string()}) {
    EXPECT_EQ(own->space_of(other), std::nullopt) << other;
    EXPECT_FALSE(own->owner_of(other)) << other;
  }
  EXPECT_EQ(shared->space_of(name), std::nullopt);
}

TEST_F(LayoutTest, what_is_a_users_is_found_among_all) {
  const auto hers = own->of_agent(ann, agent, space).collection;
  const auto his = own->of_agent(bob, agent, space).collection;
  const auto places = own->of_user(ann, {hers, his});
  ASSERT_EQ(places.size(), 1);
  EXPECT_EQ(places[0].collection, hers);
  const auto common = shared->of_user(ann, {"test_memories_a", "test_memories_b"});
  ASSERT_EQ(common.size(), 2);
  for (const auto& place : common) {
    EXPECT_EQ(boost::json::serialize(place.owner),
              R"([{"key":"user","match":{"value":")" + ann.user().str() + R"("}}])");
  }
}

TEST_F(LayoutTest, a_tenant_is_read_back) {
  const auto owner = owner_of_tenant(tenant_of(ann.user(), agent));
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->user, ann.user());
  EXPECT_EQ(owner->agent, agent);
  for (const auto& text : {std::string(), std::string("user"), tenant_of(ann.user(), agent) + "x"}) {
    EXPECT_FALSE(owner_of_tenant(text)) << text;
  }
}

TEST(QdrantOptions, those_that_cannot_work_are_named) {
  EXPECT_TRUE(validated({}));
  EXPECT_EQ(validated({.url = "https://qdrant.example:6333/"})->url, "https://qdrant.example:6333");
  const auto field_of = [](Options options) {
    const auto checked = validated(std::move(options));
    return checked ? std::string() : checked.error().fields.at(0).loc.at(0);
  };
  EXPECT_EQ(field_of({.url = "localhost:6333"}), "url");
  EXPECT_EQ(field_of({.url = "http://user@host"}), "url");
  EXPECT_EQ(field_of({.api_key = "a\r\nb"}), "api_key");
  EXPECT_EQ(field_of({.prefix = "a/b"}), "prefix");
  EXPECT_EQ(field_of({.prefix = std::string(33, 'a')}), "prefix");
  EXPECT_EQ(field_of({.max_collections = 0}), "max_collections");
  EXPECT_EQ(field_of({.call_timeout = std::chrono::milliseconds(0)}), "call_timeout");
}

}  // namespace
}  // namespace codelab::infra::qdrant
