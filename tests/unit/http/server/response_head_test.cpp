#include "http/server/response_head.hpp"

#include <string>

#include <gtest/gtest.h>

#include "http/problem.hpp"

namespace codelab::http::server {
namespace {

std::string head_of(const Response& response, const HeadContext& context) {
  std::string head;
  append_head(head, response, context);
  return head;
}

TEST(ResponseHead, CarriesTheServersFieldsAndTheHandlers) {
  Response response;
  response.headers.add("Content-Type", "text/plain");
  response.body = "hello";
  EXPECT_EQ(head_of(response, {.method = Method::get, .keep_alive = true, .date = "D"}),
            "HTTP/1.1 200 OK\r\nServer: codelab\r\nDate: D\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n");
}

TEST(ResponseHead, HasWordsForEveryStatusThatIsAnswered) {
  for (std::size_t i = 0; i < base::kErrorNames.size(); ++i) {
    Response response;
    response.status = status_of(static_cast<base::ErrorCode>(i));
    EXPECT_EQ(head_of(response, {.keep_alive = true, .date = "D"}).find("Unknown"), std::string::npos)
        << response.status;
  }
}

TEST(ResponseHead, SaysWhatBecomesOfTheConnection) {
  const Response response;
  EXPECT_NE(head_of(response, {.keep_alive = false, .date = "D"}).find("Connection: close\r\n"), std::string::npos);
  EXPECT_NE(
      head_of(response, {.is_http_1_0 = true, .keep_alive = true, .date = "D"}).find("Connection: keep-alive\r\n"),
      std::string::npos);
}

TEST(ResponseHead, HasNoLengthWhereNoBodyMayBe) {
  for (const unsigned status : {204U, 304U}) {
    Response response;
    response.status = status;
    EXPECT_EQ(head_of(response, {.keep_alive = true, .date = "D"}).find("Content-Length"), std::string::npos);
  }
}

TEST(ResponseHead, DropsAFieldThatBreaksOutOfItsLine) {
  Response response;
  response.headers.add("X-Bad", "a\r\nX-Injected: 1");
  EXPECT_EQ(head_of(response, {.keep_alive = true, .date = "D"}).find("X-Injected"), std::string::npos);
}

TEST(ResponseHead, WritesDatesAsHttpHasThem) {
  EXPECT_EQ(format_http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace codelab::http::server
