#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "server_fixture.hpp"

namespace codelab::http::server {
namespace {

using std::chrono::milliseconds;

const std::string kStream = "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

class HttpServerStreams : public HttpServer {};

TEST_F(HttpServerStreams, SendEachPieceAtOnce) {
  start();
  RawClient client(port());
  client.send(kStream);
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  for (const std::string piece : {"one", "two", "three"}) {
    handler_.stream->push(piece);
    EXPECT_EQ(client.read_chunk(), piece);
  }
  handler_.stream->push("");
  handler_.stream->push("after an empty piece");
  EXPECT_EQ(client.read_chunk(), "after an empty piece");
  handler_.stream->end();
  EXPECT_EQ(client.read_chunk(), "");
  EXPECT_EQ(handler_.stream->closes(), 0);
}

TEST_F(HttpServerStreams, LeaveTheConnectionForTheNextRequest) {
  start();
  RawClient client(port());
  client.send(kStream);
  handler_.stream->push("one");
  handler_.stream->end();
  EXPECT_EQ(client.read_answer().body, "one");
  client.send(kGet);
  EXPECT_EQ(client.read_answer().body, "GET / ");
  observer_.wait_for_streams(1, 1);
}

TEST_F(HttpServerStreams, KeepRequestsThatCameMeanwhileForLater) {
  start();
  RawClient client(port());
  client.send(kStream);
  client.read_until("\r\n\r\n");
  client.send(kGet);
  handler_.stream->push("one");
  EXPECT_EQ(client.read_chunk(), "one");
  client.send(kGet + kGet);
  handler_.stream->end();
  EXPECT_EQ(client.read_chunk(), "");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.read_answer().body, "GET / ");
}

TEST_F(HttpServerStreams, ReadAheadOnlyAsFarAsTheLimit) {
  limits_.pipelined_bytes = 1000;
  start();
  RawClient client(port());
  client.send(kStream);
  client.read_until("\r\n\r\n");
  std::string requests;
  while (requests.size() < 100'000) requests += kGet;
  client.send(requests);
  handler_.stream->end();
  EXPECT_EQ(client.read_chunk(), "");
  for (std::size_t i = 0; i < requests.size() / kGet.size(); ++i) ASSERT_EQ(client.read_answer().status, 200U);
}

TEST_F(HttpServerStreams, AreClosedWhenTheClientLeaves) {
  start();
  for (const bool hard : {false, true}) {
    handler_.stream = std::make_shared<PushedStream>();
    RawClient client(port());
    client.send(kStream);
    handler_.stream->push("one");
    client.read_until("one\r\n");
    hard ? client.reset() : client.disconnect();
    handler_.stream->wait_until_closed();
    observer_.wait_until_all_closed();
    EXPECT_EQ(handler_.stream->closes(), 1);
    EXPECT_EQ(handler_.stream->calls_after_end(), 0);
  }
}

TEST_F(HttpServerStreams, AreClosedWhenTheReaderTakesNothing) {
  limits_.write_time = limits_.linger_time = milliseconds(40);
  start();
  RawClient client(port(), 4096);
  client.send(kStream);
  for (int i = 0; i < 16; ++i) handler_.stream->push(std::string(1U << 20U, 's'));
  handler_.stream->wait_until_closed();
  observer_.wait_until_all_closed();
  EXPECT_EQ(handler_.stream->closes(), 1);
}

TEST_F(HttpServerStreams, StayOpenHoweverLongTheyAreSilent) {
  limits_.request_time = limits_.idle_time = limits_.write_time = milliseconds(200);
  start();
  RawClient client(port());
  client.send(kStream);
  client.read_until("\r\n\r\n");
  RawClient idle(port());
  EXPECT_TRUE(idle.at_end());
  handler_.stream->push("late");
  EXPECT_EQ(client.read_chunk(), "late");
}

TEST_F(HttpServerStreams, EndWithTheConnectionForTheOldVersion) {
  start();
  RawClient client(port());
  client.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  handler_.stream->push("one");
  handler_.stream->push("two");
  handler_.stream->end();
  const Answer answer = client.read_answer();
  EXPECT_EQ(answer.field("Transfer-Encoding"), "");
  EXPECT_EQ(answer.field("Connection"), "close");
  EXPECT_EQ(answer.body, "onetwo");
}

TEST_F(HttpServerStreams, AreNotBegunForAHeadRequest) {
  start();
  RawClient client(port());
  client.send("HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n" + kGet);
  EXPECT_EQ(client.read_answer(true).field("Transfer-Encoding"), "chunked");
  EXPECT_EQ(client.read_answer().body, "GET / ");
  EXPECT_EQ(handler_.stream->closes(), 1);
}

}  // namespace
}  // namespace codelab::http::server
