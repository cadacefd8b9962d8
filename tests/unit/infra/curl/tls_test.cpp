#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include "tests/unit/infra/curl/outbound_fixture.hpp"
#include "tests/unit/infra/curl/tls_server.hpp"

namespace codelab::infra::curl {
namespace {

using codelab::tests::get;

class CurlTlsTest : public codelab::tests::OutboundTest {
 protected:
  base::Task<HttpOutcome> perform_with(CurlClients& clients, HttpRequest request) {
    auto outcome = co_await clients.local().perform(std::move(request), nullptr);
    co_return outcome;
  }

  codelab::tests::SelfSignedCertificate certificate_;
};

TEST_F(CurlTlsTest, ACertificateThatNobodyVouchesForIsRejected) {
  codelab::tests::OneShotTlsServer server(certificate_);
  const HttpOutcome outcome = run(perform(get(server.url())));
  EXPECT_EQ(outcome.ending, Ending::rejected);
  EXPECT_EQ(outcome.status, 0);
}

TEST_F(CurlTlsTest, ACertificateOfOurOwnListIsTrusted) {
  const auto file = std::filesystem::temp_directory_path() / ("ca-" + std::to_string(::getpid()) + ".pem");
  std::ofstream(file) << certificate_.pem;
  CurlClients clients(cores_, {.ca_file = file.string()});
  codelab::tests::OneShotTlsServer server(certificate_);
  const HttpOutcome outcome = run(perform_with(clients, get(server.url())));
  cores_.stop();
  std::filesystem::remove(file);
  EXPECT_EQ(outcome.ending, Ending::complete) << outcome.detail;
  EXPECT_EQ(outcome.body, "secret");
}

}  // namespace
}  // namespace codelab::infra::curl
