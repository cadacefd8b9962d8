#include <chrono>
#include <string>
#include <sys/socket.h>
#include <vector>

#include "infra/curl/curl_client.hpp"
#include "tests/unit/infra/curl/outbound_fixture.hpp"
#include "tests/unit/infra/curl/scripted_server.hpp"

namespace codelab::infra::curl {
namespace {

using codelab::tests::chunk;
using codelab::tests::chunked_head;
using codelab::tests::Collector;
using codelab::tests::get;
using codelab::tests::plain_reply;
using codelab::tests::Reply;
using codelab::tests::ScriptedServer;
using codelab::tests::SeenRequest;
using std::chrono::milliseconds;

class CurlLimitsTest : public codelab::tests::OutboundTest {};

TEST_F(CurlLimitsTest, AServerThatNeverTakesTheConnectionTimesOut) {
  boost::asio::io_context context;
  using tcp = boost::asio::ip::tcp;
  tcp::acceptor acceptor(context, tcp::v4());
  acceptor.bind(tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  acceptor.listen(0);
  // They fill the queue of connections that nobody accepts; the kernel drops what comes after.
  std::vector<tcp::socket> fill;
  const auto full = acceptor.local_endpoint();
  for (int i = 0; i < 4; ++i) {
    fill.emplace_back(context, tcp::v4()).native_non_blocking(true);
    static_cast<void>(::connect(fill.back().native_handle(), full.data(), static_cast<socklen_t>(full.size())));
  }
  HttpRequest request = get("http://127.0.0.1:" + std::to_string(full.port()) + "/");
  request.connect_timeout = milliseconds(150);
  EXPECT_EQ(run(perform(request)).ending, Ending::connect_timeout);
}

TEST_F(CurlLimitsTest, AnAnswerThatDoesNotBeginTimesOut) {
  ScriptedServer server([](const SeenRequest&) { return Reply{.after = Reply::After::hang}; });
  HttpRequest request = get(server.url());
  request.first_byte_timeout = milliseconds(50);
  EXPECT_EQ(run(perform(request)).ending, Ending::first_byte_timeout);
  EXPECT_TRUE(server.wait_for_gone(1));
}

TEST_F(CurlLimitsTest, ASinkThatStillWaitsKeepsTheFirstByteTimeoutRunning) {
  ScriptedServer server([](const SeenRequest&) {
    return Reply{.pieces = {chunked_head() + chunk(": keep-alive\n\n")}, .after = Reply::After::hang};
  });
  Collector sink(Flow::waiting);
  HttpRequest request = get(server.url());
  request.first_byte_timeout = milliseconds(500);
  request.idle_timeout = milliseconds(20);
  EXPECT_EQ(run(perform(request, &sink)).ending, Ending::first_byte_timeout);
  EXPECT_EQ(sink.text, ": keep-alive\n\n");
}

TEST_F(CurlLimitsTest, AnAnswerThatStopsFlowingTimesOut) {
  ScriptedServer server([](const SeenRequest&) {
    return Reply{.pieces = {chunked_head() + chunk("half")}, .after = Reply::After::hang};
  });
  HttpRequest request = get(server.url());
  request.idle_timeout = milliseconds(50);
  const HttpOutcome outcome = run(perform(request));
  EXPECT_EQ(outcome.ending, Ending::idle_timeout);
  EXPECT_EQ(outcome.status, 200);
}

TEST_F(CurlLimitsTest, TheTotalTimeoutEndsAnAnswerThatFlows) {
  ScriptedServer server([](const SeenRequest&) {
    return Reply{.pieces = {chunked_head() + chunk("half")}, .after = Reply::After::hang};
  });
  HttpRequest request = get(server.url());
  request.total_timeout = milliseconds(60);
  EXPECT_EQ(run(perform(request)).ending, Ending::total_timeout);
}

TEST_F(CurlLimitsTest, AnAnswerPastTheBoundIsBrokenOff) {
  ScriptedServer server([](const SeenRequest&) { return plain_reply(200, std::string(100'000, 'x')); });
  HttpRequest request = get(server.url());
  request.max_response_bytes = 50'000;
  const HttpOutcome outcome = run(perform(request));
  EXPECT_EQ(outcome.ending, Ending::too_large);
  EXPECT_LE(outcome.body.size(), 50'000U);
}

TEST_F(CurlLimitsTest, EndlessHeadersAreBrokenOff) {
  ScriptedServer server([](const SeenRequest&) {
    std::string headers;
    for (int i = 0; i < 2000; ++i) headers += "X-Pad: " + std::string(60, 'x') + "\r\n";
    return plain_reply(200, "ok", headers);
  });
  EXPECT_EQ(run(perform(get(server.url()))).ending, Ending::too_large);
}

}  // namespace
}  // namespace codelab::infra::curl
