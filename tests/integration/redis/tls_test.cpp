#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/redis/redis_fixture.hpp"
#include "tests/servers/process.hpp"
#include "tests/unit/infra/curl/tls_server.hpp"

namespace codelab::tests {
namespace {

using infra::redis::Options;
using testing::HasSubstr;

class RedisTls : public testing::Test {
 protected:
  RedisTls() {
    std::ofstream(folder_.path() / "cert.pem") << certificate_.pem;
    std::ofstream(folder_.path() / "key.pem") << certificate_.key;
    give_to_servers(folder_.path());
    server_ = std::make_unique<RedisServer>(
        std::vector<std::string>{"tls-cert-file " + path("cert.pem"), "tls-key-file " + path("key.pem"),
                                 "tls-ca-cert-file " + path("cert.pem"), "tls-auth-clients no"},
        RedisServer::Kind::tls);
  }
  std::string path(const char* file) const { return (folder_.path() / file).string(); }
  Options options(const std::string& host, bool trusting) const {
    Options options = redis_options("rediss://" + host + ":" + std::to_string(server_->port()));
    if (trusting) options.ca_file = path("cert.pem");
    return options;
  }

  SelfSignedCertificate certificate_;
  TemporaryFolder folder_;
  std::unique_ptr<RedisServer> server_;
};

TEST_F(RedisTls, SpeaksToAServerWhoseAuthorityItTrusts) {
  RedisProcess process(options("127.0.0.1", true));
  const std::string value(300'000, 'x');
  EXPECT_EQ(process.call({"SET", "k", value}).value().text, "OK");
  EXPECT_EQ(process.call({"GET", "k"}).value().text, value);
}

TEST_F(RedisTls, RefusesAServerThatNobodyVouchesFor) {
  RedisProcess process(options("127.0.0.1", false));
  const auto away = process.call({"PING"});
  ASSERT_FALSE(away);
  EXPECT_THAT(away.error().detail, HasSubstr("certificate verify failed"));
}

TEST_F(RedisTls, RefusesAServerOfAnotherName) {
  RedisProcess process(options("localhost", true));
  const auto away = process.call({"PING"});
  ASSERT_FALSE(away);
  EXPECT_THAT(away.error().detail, HasSubstr("certificate verify failed"));
}

}  // namespace
}  // namespace codelab::tests
