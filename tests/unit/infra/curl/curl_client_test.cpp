#include "infra/curl/curl_client.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/asio/detached.hpp>

#include "tests/unit/infra/curl/outbound_fixture.hpp"
#include "tests/unit/infra/curl/scripted_server.hpp"

namespace codelab::infra::curl {
namespace {

using codelab::tests::chunk;
using codelab::tests::chunked_head;
using codelab::tests::Collector;
using codelab::tests::get;
using codelab::tests::last_chunk;
using codelab::tests::OutboundTest;
using codelab::tests::plain_reply;
using codelab::tests::Reply;
using codelab::tests::Running;
using codelab::tests::ScriptedServer;
using codelab::tests::SeenRequest;
using std::chrono::milliseconds;

class CurlClientTest : public OutboundTest {};

TEST_F(CurlClientTest, AnswersWithStatusHeadersAndBody) {
  ScriptedServer server(
      [](const SeenRequest&) { return plain_reply(201, "made", "X-Kind: Thing \r\nX-Kind: two\r\n"); });
  HttpRequest request = get(server.url("/things?q=1"));
  request.method = "POST";
  request.headers = {{"Content-Type", "application/json"}, {"X-Mine", "yes"}};
  request.body = std::string("{\"a\":\"\0\"}", 9);
  const HttpOutcome outcome = run(perform(request));
  EXPECT_EQ(outcome.ending, Ending::complete);
  EXPECT_EQ(outcome.status, 201);
  EXPECT_EQ(outcome.body, "made");
  EXPECT_EQ(outcome.header("x-kind"), "Thing");
  EXPECT_EQ(outcome.header("x-none"), std::nullopt);
  const SeenRequest seen = server.seen().at(0);
  EXPECT_TRUE(seen.has("POST /things?q=1 HTTP/1.1\r\n"));
  EXPECT_TRUE(seen.has("X-Mine: yes\r\n"));
  EXPECT_FALSE(seen.has("Expect:"));
  EXPECT_EQ(seen.body, request.body);
}

TEST_F(CurlClientTest, HandsOverChunksBeforeTheAnswerEnds) {
  ScriptedServer server([](const SeenRequest&) {
    return Reply{.pieces = {chunked_head() + chunk("one "), chunk("two ") + last_chunk()}, .hold_each = true};
  });
  Collector sink;
  std::vector<std::string> steps;
  // The second piece is sent only because the first one was seen.
  sink.on_bytes = [&] {
    steps.push_back(sink.text);
    server.release();
  };
  const HttpOutcome outcome = run(perform(get(server.url()), &sink));
  EXPECT_EQ(outcome.ending, Ending::complete);
  EXPECT_EQ(outcome.body, "");
  EXPECT_EQ(steps, (std::vector<std::string>{"one ", "one two "}));
}

TEST_F(CurlClientTest, CollectsTheBodyOfAFailureInsteadOfStreamingIt) {
  ScriptedServer server([](const SeenRequest&) { return plain_reply(500, "no"); });
  Collector sink;
  const HttpOutcome outcome = run(perform(get(server.url()), &sink));
  EXPECT_EQ(outcome.status, 500);
  EXPECT_EQ(outcome.body, "no");
  EXPECT_EQ(sink.text, "");
}

TEST_F(CurlClientTest, OfAFailureOnlyTheBeginningIsKept) {
  ScriptedServer server([](const SeenRequest&) { return plain_reply(502, std::string(1UL << 20, 'x')); });
  const HttpOutcome outcome = run(perform(get(server.url())));
  EXPECT_EQ(outcome.ending, Ending::complete);
  EXPECT_EQ(outcome.body.size(), 256UL << 10);
}

TEST_F(CurlClientTest, ReusesAConnection) {
  ScriptedServer server([](const SeenRequest&) { return plain_reply(200, "ok"); });
  for (int i = 0; i < 5; ++i) EXPECT_EQ(run(perform(get(server.url()))).status, 200);
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(CurlClientTest, ManyExchangesShareOneLoop) {
  ScriptedServer server([](const SeenRequest& request) { return plain_reply(200, request.body); });
  std::vector<Running<HttpOutcome>> running;
  for (int i = 0; i < 100; ++i) {
    HttpRequest request = get(server.url());
    request.method = "POST";
    request.body = std::to_string(i);
    running.push_back(spawn(perform(request), static_cast<std::size_t>(i % 2)));
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(running[static_cast<std::size_t>(i)].get().body, std::to_string(i));
}

TEST_F(CurlClientTest, ARefusedConnectionIsAConnectionFailure) {
  std::string url;
  {
    const ScriptedServer gone([](const SeenRequest&) { return plain_reply(200, ""); });
    url = gone.url();
  }
  const HttpOutcome outcome = run(perform(get(url)));
  EXPECT_EQ(outcome.ending, Ending::connect_failed);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.detail, "");
}

TEST_F(CurlClientTest, AConnectionLostBeforeTheAnswerIsAConnectionFailure) {
  ScriptedServer server([](const SeenRequest&) { return Reply{.after = Reply::After::close}; });
  EXPECT_EQ(run(perform(get(server.url()))).ending, Ending::connect_failed);
}

TEST_F(CurlClientTest, AConnectionLostInTheBodyIsACut) {
  for (const auto after : {Reply::After::close, Reply::After::reset}) {
    ScriptedServer server(
        [after](const SeenRequest&) { return Reply{.pieces = {chunked_head() + chunk("half")}, .after = after}; });
    const HttpOutcome outcome = run(perform(get(server.url())));
    EXPECT_EQ(outcome.ending, Ending::cut);
    EXPECT_EQ(outcome.status, 200);
  }
}

TEST_F(CurlClientTest, ASinkCanStopTheTransfer) {
  ScriptedServer server([](const SeenRequest&) {
    return Reply{.pieces = {chunked_head() + chunk("enough")}, .after = Reply::After::hang};
  });
  Collector sink(Flow::stop);
  EXPECT_EQ(run(perform(get(server.url()), &sink)).ending, Ending::stopped);
  EXPECT_TRUE(server.wait_for_gone(1));
}

TEST_F(CurlClientTest, WhatASinkThrowsComesOut) {
  ScriptedServer server([](const SeenRequest&) { return plain_reply(200, "ok"); });
  Collector sink;
  sink.on_bytes = [] { throw std::runtime_error("the sink is full"); };
  EXPECT_THROW(run(perform(get(server.url()), &sink)), std::runtime_error);
  EXPECT_EQ(run(perform(get(server.url()))).status, 200);
}

TEST_F(CurlClientTest, ASinkCanStartAnotherExchange) {
  ScriptedServer server([](const SeenRequest&) { return plain_reply(200, "ok"); });
  Collector sink;
  std::optional<Running<HttpOutcome>> inner;
  sink.on_bytes = [&] { inner.emplace(cores_.executor(0), perform(get(server.url("/inner")))); };
  EXPECT_EQ(run(perform(get(server.url()), &sink)).status, 200);
  EXPECT_EQ(inner->get().status, 200);
}

TEST_F(CurlClientTest, RedirectsAreNotFollowed) {
  ScriptedServer server([](const SeenRequest&) { return plain_reply(302, "", "Location: http://127.0.0.1:1/\r\n"); });
  const HttpOutcome outcome = run(perform(get(server.url())));
  EXPECT_EQ(outcome.status, 302);
  EXPECT_EQ(server.seen().size(), 1U);
}

TEST_F(CurlClientTest, OtherProtocolsAreRejected) {
  for (const char* url : {"file:///etc/hostname", "ftp://127.0.0.1/", "http://", "not a url"}) {
    EXPECT_EQ(run(perform(get(url))).ending, Ending::rejected) << url;
  }
}

TEST_F(CurlClientTest, CancellationBreaksTheExchangeOff) {
  ScriptedServer server([](const SeenRequest&) {
    return Reply{.pieces = {chunked_head() + chunk("half")}, .after = Reply::After::hang};
  });
  auto running = spawn(perform(get(server.url())));
  ASSERT_TRUE(server.wait_for_requests(1));
  running.cancel();
  EXPECT_THROW(running.get(), boost::system::system_error);
  EXPECT_TRUE(server.wait_for_gone(1));
}

TEST_F(CurlClientTest, CancellationFromInsideTheSinkIsSafe) {
  ScriptedServer server([](const SeenRequest&) {
    return Reply{.pieces = {chunked_head() + chunk("half")}, .after = Reply::After::hang};
  });
  Collector sink;
  boost::asio::cancellation_signal signal;
  sink.on_bytes = [&] { signal.emit(boost::asio::cancellation_type::terminal); };
  auto token = boost::asio::bind_cancellation_slot(signal.slot(), boost::asio::use_future);
  auto ended = boost::asio::co_spawn(cores_.executor(0), perform(get(server.url()), &sink), token);
  EXPECT_THROW(ended.get(), boost::system::system_error);
  EXPECT_TRUE(server.wait_for_gone(1));
}

TEST_F(CurlClientTest, TheProxyOfTheEnvironmentIsUsed) {
  ScriptedServer proxy([](const SeenRequest&) { return plain_reply(200, "by proxy"); });
  ::setenv("http_proxy", proxy.url("").c_str(), 1);
  const HttpOutcome outcome = run(perform(get("http://models.invalid/v1/x")));
  ::unsetenv("http_proxy");
  EXPECT_EQ(outcome.body, "by proxy");
  EXPECT_TRUE(proxy.seen().at(0).has("GET http://models.invalid/v1/x HTTP/1.1"));
}

TEST(CurlClientShutdownTest, ALoopThatGoesAwayTakesItsExchangesWithIt) {
  ScriptedServer server([](const SeenRequest&) { return Reply{.after = Reply::After::hang}; });
  {
    boost::asio::io_context context(1);
    CurlClient client(context.get_executor());
    boost::asio::co_spawn(context, client.perform(get(server.url()), nullptr), boost::asio::detached);
    while (server.seen().empty()) context.run_one_for(milliseconds(1));
  }
  EXPECT_TRUE(server.wait_for_gone(1));
}

TEST(CurlClientShutdownTest, AClientMayGoBeforeItsSuspendedExchanges) {
  ScriptedServer server([](const SeenRequest&) { return Reply{.after = Reply::After::hang}; });
  {
    boost::asio::io_context context(1);
    auto client = std::make_unique<CurlClient>(context.get_executor());
    boost::asio::co_spawn(context, client->perform(get(server.url()), nullptr), boost::asio::detached);
    while (server.seen().empty()) context.run_one_for(milliseconds(1));
    client.reset();
  }
  EXPECT_TRUE(server.wait_for_gone(1));
}

TEST_F(CurlClientTest, AThreadOutsideTheCoresHasNoClient) { EXPECT_THROW(clients_.local(), std::logic_error); }

}  // namespace
}  // namespace codelab::infra::curl
