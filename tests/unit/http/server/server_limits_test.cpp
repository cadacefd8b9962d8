#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "server_fixture.hpp"

namespace codelab::http::server {
namespace {

using std::chrono::milliseconds;

class HttpServerLimits : public HttpServer {
 protected:
  /// The client gets `status`, in full, and then a clean end.
  static void expect_refusal(RawClient& client, unsigned status) {
    const Answer answer = client.read_answer();
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.body, "error " + std::to_string(status));
    EXPECT_EQ(answer.field("Connection"), "close");
    EXPECT_EQ(answer.field("X-Request-Id").size(), 36U);
    EXPECT_TRUE(client.at_end());
  }
};

TEST_F(HttpServerLimits, RefuseALongHeader) {
  start();
  RawClient client(port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\nX-Long: " + std::string(limits_.header_bytes, 'x') + "\r\n\r\n");
  expect_refusal(client, 431);
}

TEST_F(HttpServerLimits, TakeAHeaderUpToTheLimit) {
  start();
  RawClient client(port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\nX-Long: " + std::string(limits_.header_bytes - 100, 'x') + "\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 200U);
}

TEST_F(HttpServerLimits, RefuseAnAnnouncedBodyThatIsTooLarge) {
  limits_.body_bytes = 1000;
  start();
  RawClient client(port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n");
  expect_refusal(client, 413);
}

TEST_F(HttpServerLimits, RefuseAChunkedBodyThatGrowsTooLarge) {
  limits_.body_bytes = 1000;
  start();
  RawClient client(port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 3; ++i) client.send("190\r\n" + std::string(400, 'x') + "\r\n");
  expect_refusal(client, 413);
}

TEST_F(HttpServerLimits, LetAClientThatStillSendsReadItsRefusal) {
  limits_.body_bytes = 1000;
  start();
  RawClient client(port());
  const std::string body(500'000, 'x');
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n" + body);
  expect_refusal(client, 413);
}

TEST_F(HttpServerLimits, RefuseARequestThatTakesTooLong) {
  limits_.request_time = milliseconds(40);
  start();
  for (const std::string begin :
       {"G", "GET / HTTP/1.1\r\nHost: h\r\n", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf"}) {
    RawClient client(port());
    client.send(begin);
    expect_refusal(client, 408);
  }
}

TEST_F(HttpServerLimits, CloseAnIdleConnectionWithoutAWord) {
  limits_.idle_time = milliseconds(200);
  start();
  RawClient fresh(port());
  EXPECT_TRUE(fresh.at_end());
  RawClient used(port());
  used.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(used.read_answer().status, 200U);
  EXPECT_TRUE(used.at_end());
}

TEST_F(HttpServerLimits, DoNotHurryTheHandler) {
  limits_.request_time = limits_.idle_time = limits_.write_time = milliseconds(200);
  start();
  RawClient slow(port());
  slow.send("GET /gate HTTP/1.1\r\nHost: h\r\n\r\n");
  handler_.gate->wait_until_reached();
  RawClient idle(port());
  EXPECT_TRUE(idle.at_end());
  handler_.gate->open();
  EXPECT_EQ(slow.read_answer().status, 200U);
}

TEST_F(HttpServerLimits, DropAReaderThatTakesNothing) {
  limits_.write_time = milliseconds(40);
  limits_.linger_time = milliseconds(40);
  start();
  RawClient client(port(), 4096);
  client.send("GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
  const RequestRecord record = observer_.wait_for_record();
  EXPECT_LT(record.bytes_out, 16U << 20U);
  observer_.wait_until_all_closed();
}

TEST_F(HttpServerLimits, SendALargeAnswerToAReaderWithASmallBuffer) {
  start();
  RawClient client(port(), 4096);
  client.send("GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.read_answer().body.size(), 16U << 20U);
}

TEST_F(HttpServerLimits, RefuseConnectionsPastTheCap) {
  limits_.connections = 2;
  start();
  RawClient first(port());
  RawClient second(port());
  observer_.wait_until_opened(2);
  RawClient third(port());
  third.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  expect_refusal(third, 503);
  first.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(first.read_answer().status, 200U);
}

}  // namespace
}  // namespace codelab::http::server
