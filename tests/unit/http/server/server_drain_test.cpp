#include <chrono>
#include <future>
#include <string>

#include <gtest/gtest.h>

#include "server_fixture.hpp"

namespace codelab::http::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kGate = "GET /gate HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kStream = "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n";

/// On one core: when one connection has noticed the drain, all have.
class HttpServerDrain : public HttpServer {
 protected:
  HttpServerDrain() : HttpServer(1) {}

  std::future<bool> drain_beside(milliseconds grace) {
    return std::async(std::launch::async, [this, grace] { return server_->drain(grace); });
  }
};

TEST_F(HttpServerDrain, ClosesIdleConnectionsAtOnce) {
  start();
  RawClient fresh(port());
  RawClient used(port());
  used.send(kGet);
  EXPECT_EQ(used.read_answer().status, 200U);
  observer_.wait_until_opened(2);
  EXPECT_TRUE(server_->drain(seconds(30)));
  EXPECT_TRUE(fresh.at_end());
  EXPECT_TRUE(used.at_end());
  EXPECT_THROW(RawClient{port()}, std::runtime_error);
}

TEST_F(HttpServerDrain, LetsARequestInFlightFinish) {
  start();
  RawClient idle(port());
  RawClient client(port());
  client.send(kGate);
  handler_.gate->wait_until_reached();
  auto drained = drain_beside(seconds(30));
  EXPECT_TRUE(idle.at_end());
  handler_.gate->open();
  EXPECT_EQ(client.read_answer().field("Connection"), "close");
  EXPECT_TRUE(client.at_end());
  client.disconnect();
  EXPECT_TRUE(drained.get());
}

TEST_F(HttpServerDrain, LetsARequestThatIsHalfReadFinish) {
  start();
  RawClient idle(port());
  RawClient client(port());
  client.send(kGet + kGet.substr(0, 10));
  EXPECT_EQ(client.read_answer().status, 200U);
  auto drained = drain_beside(seconds(30));
  EXPECT_TRUE(idle.at_end());
  client.send(kGet.substr(10));
  EXPECT_EQ(client.read_answer().field("Connection"), "close");
  client.disconnect();
  EXPECT_TRUE(drained.get());
}

TEST_F(HttpServerDrain, EndsOpenStreams) {
  start();
  RawClient client(port());
  client.send(kStream);
  handler_.stream->push("one");
  client.read_until("one\r\n");
  auto drained = drain_beside(seconds(30));
  EXPECT_EQ(client.read_chunk(), "");
  EXPECT_TRUE(client.at_end());
  EXPECT_TRUE(drained.get());
  EXPECT_EQ(handler_.stream->closes(), 1);
  EXPECT_EQ(handler_.stream->calls_after_end(), 0);
  observer_.wait_for_streams(1, 1);
}

TEST_F(HttpServerDrain, CancelsWhatOutlastsTheGrace) {
  start();
  RawClient client(port());
  client.send(kGate);
  handler_.gate->wait_until_reached();
  EXPECT_FALSE(server_->drain(milliseconds(20)));
  EXPECT_TRUE(client.at_end());
  observer_.wait_until_all_closed();
}

TEST_F(HttpServerDrain, UnderLoadAnswersOrClosesButNeverCutsAnAnswer) {
  start();
  std::vector<std::future<bool>> clients;
  for (int i = 0; i < 4; ++i) {
    // Connected here: a client that comes after the drain began is rightly refused.
    auto client = std::make_unique<RawClient>(port());
    clients.push_back(std::async(std::launch::async, [client = std::move(client)] {
      for (;;) {
        try {
          client->send(kGet);
          if (client->at_end()) return true;
        } catch (const std::runtime_error&) {
          return true;  // closed between two requests
        }
        if (client->read_answer().body != "GET / ") return false;
      }
    }));
  }
  observer_.wait_for_record(200);
  EXPECT_TRUE(server_->drain(seconds(30)));
  for (auto& client : clients) EXPECT_TRUE(client.get());
}

}  // namespace
}  // namespace codelab::http::server
