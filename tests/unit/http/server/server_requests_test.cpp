#include <set>
#include <string>
#include <system_error>

#include <gtest/gtest.h>

#include "server_fixture.hpp"

namespace codelab::http::server {
namespace {

class HttpServerRequests : public HttpServer {};

std::string get(const std::string& path, const std::string& fields = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}
std::string post(const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST_F(HttpServerRequests, KeepTheConnectionForTheNextOne) {
  start();
  RawClient client(port());
  for (int i = 0; i < 3; ++i) {
    client.send(get("/"));
    const Answer answer = client.read_answer();
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.body, "GET / ");
    EXPECT_EQ(answer.field("Server"), "codelab");
    EXPECT_TRUE(answer.field("Date").ends_with(" GMT"));
    EXPECT_EQ(answer.field("Connection"), "");
  }
  EXPECT_EQ(handler_.requests()[0].remote_address, "127.0.0.1");
}

TEST_F(HttpServerRequests, SentTogetherAreAnsweredInOrder) {
  start();
  for (const int count : {2, 20}) {
    RawClient client(port());
    std::string bytes;
    for (int i = 0; i < count; ++i) bytes += post(std::to_string(i));
    client.send(bytes);
    for (int i = 0; i < count; ++i) EXPECT_EQ(client.read_answer().body, "POST / " + std::to_string(i));
  }
}

TEST_F(HttpServerRequests, SentWhileOneIsInHandWait) {
  start();
  RawClient client(port());
  client.send(get("/gate") + get("/"));
  handler_.gate->wait_until_reached();
  EXPECT_EQ(handler_.requests().size(), 1U);
  handler_.gate->open();
  EXPECT_EQ(client.read_answer().body, "");
  EXPECT_EQ(client.read_answer().body, "GET / ");
}

TEST_F(HttpServerRequests, MayComeByteByByte) {
  start();
  RawClient client(port());
  const std::string bytes =
      post("hello") +
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
  for (const char byte : bytes) client.send({&byte, 1});
  EXPECT_EQ(client.read_answer().body, "POST / hello");
  EXPECT_EQ(client.read_answer().body, "POST / hello");
}

TEST_F(HttpServerRequests, MayHaveABodyOfTheWholeLimit) {
  start();
  RawClient client(port());
  const std::string body(limits_.body_bytes, 'x');
  client.send(post(body) + get("/"));
  EXPECT_EQ(client.read_answer().body, "POST / " + body);
  EXPECT_EQ(client.read_answer().body, "GET / ");
}

TEST_F(HttpServerRequests, GetContinueBeforeTheirBody) {
  start();
  RawClient client(port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_EQ(client.read_answer().body, "POST / ok");
}

TEST_F(HttpServerRequests, ForHeadersOnlyGetTheLengthAndNoBody) {
  start();
  RawClient client(port());
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" + get("/"));
  const Answer answer = client.read_answer(true);
  EXPECT_EQ(answer.field("Content-Length"), "7");
  EXPECT_EQ(client.read_answer().body, "GET / ");
}

TEST_F(HttpServerRequests, GetNothingAfterNoContent) {
  start();
  RawClient client(port());
  client.send(get("/no-content") + get("/"));
  EXPECT_EQ(client.read_answer().status, 204U);
  EXPECT_EQ(client.read_answer().body, "GET / ");
}

TEST_F(HttpServerRequests, ThatCloseAreTheLast) {
  start();
  RawClient client(port());
  client.send(get("/", "Connection: close\r\n") + get("/"));
  EXPECT_EQ(client.read_answer().field("Connection"), "close");
  EXPECT_TRUE(client.at_end());
  EXPECT_EQ(handler_.requests().size(), 1U);
}

TEST_F(HttpServerRequests, OfTheOldVersionCloseUnlessTheyAskOtherwise) {
  start();
  RawClient client(port());
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.read_answer().field("Connection"), "keep-alive");
  client.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read_answer().field("Connection"), "close");
  EXPECT_TRUE(client.at_end());
}

TEST_F(HttpServerRequests, OfAClientThatEndedItsSideAreAnswered) {
  start();
  RawClient client(port());
  client.send(get("/"));
  client.end_sending();
  EXPECT_EQ(client.read_answer().body, "GET / ");
  EXPECT_TRUE(client.at_end());
}

TEST_F(HttpServerRequests, ThatAreMalformedAreRefusedAndTheConnectionCloses) {
  start();
  RawClient client(port());
  client.send(
      "POST / HTTP/1.1\r\nHost: h\r\nX-Request-Id: mine\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\n\r\n" +
      get("/"));
  const Answer answer = client.read_answer();
  EXPECT_EQ(answer.status, 400U);
  EXPECT_EQ(answer.body, "error 400");
  EXPECT_EQ(answer.field("X-Request-Id"), "mine");
  EXPECT_EQ(answer.field("Connection"), "close");
  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(handler_.requests().empty());
}

TEST_F(HttpServerRequests, RunToTheirEndWhenTheClientLeaves) {
  start();
  RawClient client(port());
  client.send(get("/gate"));
  handler_.gate->wait_until_reached();
  client.reset();
  handler_.gate->open();
  handler_.wait_until_answered(1);
  observer_.wait_until_all_closed();
}

TEST_F(HttpServerRequests, AreReportedToTheObserver) {
  start();
  RawClient client(port());
  const std::string request = post("hello");
  client.send(request);
  const Answer answer = client.read_answer();
  const RequestRecord record = observer_.wait_for_record();
  EXPECT_EQ(record.method, Method::post);
  EXPECT_EQ(record.status, 200U);
  EXPECT_EQ(record.bytes_in, request.size());
  EXPECT_EQ(record.bytes_out, answer.head.size() + answer.body.size());
  EXPECT_GT(record.duration.count(), 0);
}

TEST_F(HttpServerRequests, OfManyClientsAreAllAnswered) {
  start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(std::make_unique<RawClient>(port()));
  for (auto& client : clients) client->send(get("/"));
  for (auto& client : clients) EXPECT_EQ(client->read_answer().status, 200U);
}

TEST_F(HttpServerRequests, NeedAPortThatNobodyElseListensOn) {
  start();
  Server second(cores_, limits_, handler_, observer_);
  try {
    second.start("127.0.0.1", port());
    FAIL() << "the port was shared";
  } catch (const std::system_error& failure) {
    EXPECT_EQ(failure.code(), std::errc::address_in_use);
    EXPECT_NE(std::string(failure.what()).find("127.0.0.1 port " + std::to_string(port())), std::string::npos);
  }
}

TEST_F(HttpServerRequests, CanComeAgainToAPortJustLeft) {
  start();
  const std::uint16_t same = port();
  RawClient client(same);
  client.send(get("/", "Connection: close\r\n"));
  client.read_answer();
  client.disconnect();
  server_->drain();
  server_ = std::make_unique<Server>(cores_, limits_, handler_, observer_);
  server_->start("localhost", same);
  RawClient again(same);
  again.send(get("/"));
  EXPECT_EQ(again.read_answer().status, 200U);
}

}  // namespace
}  // namespace codelab::http::server
