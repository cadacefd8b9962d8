#include <filesystem>
#include <fstream>

#include "tests/contract/temporary_folder.hpp"
#include "tests/integration/qdrant/qdrant_fixture.hpp"
#include "tests/servers/process.hpp"
#include "tests/unit/infra/curl/tls_server.hpp"

namespace codelab::tests {
namespace {

using infra::qdrant::LayoutKind;
using testing::HasSubstr;
using testing::Not;

constexpr auto kTenant = LayoutKind::tenant;

TEST(QdrantCalls, AServerThatIsReadyPassesTheLookAtStart) {
  const QdrantServer server({"--api-key", "right"});
  auto options = qdrant_options(server.url(), kTenant);
  options.api_key = "right";
  QdrantProcess process(options);
  EXPECT_EQ(process.fault_of(process.store.prepare()), "");
  const auto user = QdrantProcess::new_user();
  const auto agent = process.new_agent(user);
  process.remember(user, agent, "a memory");
  EXPECT_EQ(process.count(user, agent), 1);
}

TEST(QdrantCalls, AWrongOrMissingApiKeyIsNamedButNotTold) {
  const QdrantServer server({"--api-key", "right"});
  for (const std::string key : {"", "wrong-secret"}) {
    auto options = qdrant_options(server.url(), kTenant);
    options.api_key = key;
    QdrantProcess process(options);
    const auto fault = process.fault_of(process.store.prepare());
    EXPECT_THAT(fault, HasSubstr("API key"));
    EXPECT_THAT(fault, Not(HasSubstr("secret")));
  }
  EXPECT_EQ(count_of(server.take_requests(), "/collections"), 2) << "a refusal is not asked for again";
}

TEST(QdrantCalls, AKeyThatMayOnlyReadCannotRemember) {
  const QdrantServer server({"--api-key", "right", "--read-only-api-key", "reader"});
  auto options = qdrant_options(server.url(), kTenant);
  options.api_key = "reader";
  QdrantProcess process(options);
  const auto user = QdrantProcess::new_user();
  const auto agent = process.new_agent(user);
  EXPECT_EQ(process.count(user, agent), 0);
  const core::memory::NewMemory memory{.item = {.id = base::MemoryId::generate()}, .embedding = {"model", {1, 0}}};
  EXPECT_THAT(process.fault_of(process.store.add(user, agent, memory)), HasSubstr("may not do this"));
}

TEST(QdrantCalls, AnOldServerIsRefused) {
  const QdrantServer server({"--version", "1.11.5"});
  QdrantProcess process(qdrant_options(server.url(), kTenant));
  EXPECT_THAT(process.fault_of(process.store.prepare()), HasSubstr("1.12 or later"));
}

TEST(QdrantCalls, WhatIsNotQdrantIsNotTakenForAnEmptyOne) {
  const QdrantServer server;
  QdrantProcess process(qdrant_options(server.url() + "/elsewhere", kTenant));
  EXPECT_THAT(process.fault_of(process.store.prepare()), HasSubstr("not Qdrant's JSON"));
  EXPECT_THAT(process.fault_of(process.store.stats(QdrantProcess::new_user(), base::AgentId::generate())),
              HasSubstr("not Qdrant's JSON"));
}

TEST(QdrantCalls, AServerThatIsAwayThrowsAndIsFoundAgain) {
  QdrantServer server;
  QdrantProcess process(qdrant_options(server.url(), kTenant));
  const auto user = QdrantProcess::new_user();
  const auto agent = process.new_agent(user);
  process.remember(user, agent, "before");
  server.stop();
  EXPECT_THAT(process.fault_of(process.store.stats(user, agent)), HasSubstr("connect_failed"));
  server.start();
  // It came back empty: the collection is made again.
  process.remember(user, agent, "after");
  EXPECT_EQ(process.count(user, agent), 1);
}

TEST(QdrantCalls, WhatMayBeRepeatedIsRepeated) {
  const QdrantServer server;
  QdrantProcess process(qdrant_options(server.url(), kTenant));
  const auto user = QdrantProcess::new_user();
  const auto agent = process.new_agent(user);
  process.remember(user, agent, "the dog");
  for (const std::string fault : {R"({"count":2,"kind":"status","status":503,"path":"/points"})",
                                  R"({"count":1,"kind":"status","status":429,"retry_after":0,"path":"/points"})",
                                  R"({"count":2,"kind":"cut","path":"/points"})"}) {
    server.set_fault(fault);
    process.remember(user, agent, "another " + fault);
    server.set_fault(fault);
    EXPECT_FALSE(process.search(user, agent, "dog").empty()) << fault;
  }
  EXPECT_EQ(process.count(user, agent), 4);
}

TEST(QdrantCalls, WhatFailsForLongIsGivenUp) {
  const QdrantServer server;
  QdrantProcess process(qdrant_options(server.url(), kTenant));
  process.count(QdrantProcess::new_user(), base::AgentId::generate());
  server.take_requests();
  server.set_fault(R"({"count":100,"kind":"status","status":500,"path":"/collections"})");
  EXPECT_THAT(process.fault_of(process.store.drop_user(QdrantProcess::new_user())), HasSubstr("answered 500"));
  EXPECT_EQ(count_of(server.take_requests(), "/collections"), 3);
}

TEST(QdrantCalls, MakingACollectionIsNotRepeated) {
  const QdrantServer server;
  QdrantProcess process(qdrant_options(server.url(), kTenant));
  const auto user = QdrantProcess::new_user();
  const auto agent = process.new_agent(user);
  const core::memory::NewMemory memory{.item = {.id = base::MemoryId::generate()}, .embedding = {"model", {1, 0}}};
  const auto place = infra::qdrant::make_layout(qdrant_options("", kTenant))
                         ->of_agent(user, agent, infra::qdrant::Space::of(memory.embedding));
  // The first look and the list of collections are in order; the creation is what fails.
  server.set_fault(R"({"count":1,"kind":"status","status":503,"method":"PUT"})");
  EXPECT_THAT(process.fault_of(process.store.add(user, agent, memory)), HasSubstr("create collection"));
  const auto requests = server.take_requests();
  EXPECT_EQ(std::ranges::count_if(requests,
                                  [&](const auto& request) {
                                    return request.at("method").as_string() == "PUT" &&
                                           request.at("path").as_string() == "/collections/" + place.collection;
                                  }),
            1);
  EXPECT_TRUE(process.runner.run(process.store.add(user, agent, memory)));
}

TEST(QdrantCalls, ACallEndsAtItsDeadline) {
  const QdrantServer server;
  auto options = qdrant_options(server.url(), kTenant);
  options.call_timeout = std::chrono::milliseconds(200);
  QdrantProcess process(options);
  server.set_fault(R"({"count":1,"kind":"hang"})");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(process.fault_of(process.store.prepare()), HasSubstr("total_timeout"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(QdrantCalls, WhatMessagesWaitForEndsSoonAndIsRefusedAtOnceWhileTheServerHangs) {
  const QdrantServer server;
  auto options = qdrant_options(server.url(), kTenant);
  options.search_timeout = std::chrono::seconds(1);
  QdrantProcess process(options);
  const auto user = QdrantProcess::new_user();
  const auto agent = process.new_agent(user);
  const core::memory::NewMemory memory{.item = {.id = base::MemoryId::generate()}, .embedding = {"model", {1, 0}}};
  const core::memory::MemoryQuery query{.text = "dog", .embedding = {"model", {1, 0}}};
  process.remember(user, agent, "the dog");
  server.set_fault(R"({"count":1000,"kind":"hang","path":"/points"})");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(process.fault_of(process.store.search(user, agent, query)), HasSubstr("total_timeout"));
  EXPECT_THAT(process.fault_of(process.store.add(user, agent, memory)), HasSubstr("total_timeout"));
  EXPECT_THAT(process.fault_of(process.store.search(user, agent, query)), HasSubstr("total_timeout"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(15));
  server.take_requests();
  EXPECT_THAT(process.fault_of(process.store.search(user, agent, query)), HasSubstr("it hangs"));
  EXPECT_THAT(process.fault_of(process.store.add(user, agent, memory)), HasSubstr("it hangs"));
  EXPECT_TRUE(server.take_requests().empty());
}

TEST(QdrantCalls, TlsIsVerifiedAgainstTheGivenAuthority) {
  const SelfSignedCertificate certificate;
  const TemporaryFolder folder;
  const auto certificate_file = folder.path() / "certificate.pem";
  const auto key_file = folder.path() / "key.pem";
  std::ofstream(certificate_file) << certificate.pem;
  std::ofstream(key_file) << certificate.key;
  for (const auto& path : {folder.path(), certificate_file, key_file}) give_to_servers(path);
  const QdrantServer server({"--tls-cert", certificate_file, "--tls-key", key_file, "--api-key", "right"});
  auto options = qdrant_options(server.url("https"), kTenant);
  options.api_key = "right";
  QdrantProcess distrustful(options);
  EXPECT_THAT(distrustful.fault_of(distrustful.store.prepare()), HasSubstr("rejected"));
  options.ca_file = certificate_file;
  QdrantProcess trusting(options);
  EXPECT_EQ(trusting.fault_of(trusting.store.prepare()), "");
}

}  // namespace
}  // namespace codelab::tests
