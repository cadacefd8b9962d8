#include "http/server/request_reader.hpp"

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace codelab::http::server {
namespace {

using State = RequestReader::State;

void append(ReadBuffer& buffer, std::string_view bytes) {
  std::memcpy(buffer.prepare(bytes.size()), bytes.data(), bytes.size());
  buffer.commit(bytes.size());
}

/// What reading `bytes` at once comes to.
struct Reading {
  explicit Reading(std::string_view bytes, ServerLimits limits = {}) : limits_(limits), reader(limits_) {
    append(buffer, bytes);
    state = reader.advance(buffer);
  }

 private:
  ServerLimits limits_;

 public:
  RequestReader reader;
  ReadBuffer buffer;
  State state;
};

const std::string kPost =
    "\r\nPOST /a?b=c HTTP/1.1\r\nHost: h\r\nX-Request-Id: abc-1\r\nContent-Length: 5\r\n\r\nhello";
const std::string kChunked =
    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nX-Trailer: t\r\n\r\n";
const std::string kEmptyChunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";

TEST(RequestReader, ReadsARequestAndLeavesWhatFollowsIt) {
  Reading reading(kPost + "GET");
  ASSERT_EQ(reading.state, State::complete);
  const Request request = reading.reader.take();
  EXPECT_EQ(request.method, Method::post);
  EXPECT_EQ(request.target, "/a?b=c");
  EXPECT_EQ(request.headers.get("content-length"), "5");
  EXPECT_EQ(request.request_id, "abc-1");
  EXPECT_EQ(request.body, "hello");
  EXPECT_EQ(reading.buffer.data(), "GET");
  EXPECT_EQ(reading.reader.bytes(), kPost.size() - 2);
  EXPECT_TRUE(reading.reader.keep_alive());
}

TEST(RequestReader, ReadsTheSameRequestsWhereverTheBytesAreSplit) {
  const std::string stream = kPost + kEmptyChunked + kChunked + kPost;
  const std::vector<std::string> bodies = {"hello", "", "hello", "hello"};
  for (std::size_t split = 1; split <= stream.size(); ++split) {
    const ServerLimits limits;
    RequestReader reader(limits);
    ReadBuffer buffer;
    std::vector<std::string> seen;
    for (std::size_t at = 0; at < stream.size(); at += split) {
      append(buffer, std::string_view(stream).substr(at, split));
      State state = reader.advance(buffer);
      while (state == State::complete) {
        seen.push_back(reader.take().body);
        state = reader.advance(buffer);
      }
      ASSERT_NE(state, State::failed) << "pieces of " << split << " at " << at;
    }
    EXPECT_EQ(seen, bodies) << "pieces of " << split;
  }
}

TEST(RequestReader, KeepsTrailersOutOfTheHeaders) {
  Reading reading(kChunked);
  ASSERT_EQ(reading.state, State::complete);
  EXPECT_FALSE(reading.reader.take().headers.contains("X-Trailer"));
}

TEST(RequestReader, AsksOnceForTheBodyOfAClientThatWaits) {
  Reading reading("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(reading.state, State::wants_continue);
  EXPECT_EQ(reading.reader.advance(reading.buffer), State::need_more);
  append(reading.buffer, "ok");
  EXPECT_EQ(reading.reader.advance(reading.buffer), State::complete);
}

TEST(RequestReader, MakesAnIdWhenTheClientsIsMissingOrUnfit) {
  for (const std::string id : {"", "X-Request-Id: a b\r\n", "X-Request-Id: <x>\r\n"}) {
    Reading reading("GET / HTTP/1.1\r\nHost: h\r\n" + id + "\r\n");
    ASSERT_EQ(reading.state, State::complete);
    EXPECT_EQ(reading.reader.take().request_id.size(), 36U);
  }
}

TEST(RequestReader, KeepsAliveAsTheVersionAndTheClientSay) {
  struct Case {
    std::string version;
    std::string connection;
    bool keep_alive;
  };
  const std::vector<Case> cases = {{"1.1", "", true},
                                   {"1.1", "Connection: close\r\n", false},
                                   {"1.0", "", false},
                                   {"1.0", "Connection: keep-alive\r\n", true}};
  for (const Case& c : cases) {
    Reading reading("GET / HTTP/" + c.version + "\r\nHost: h\r\n" + c.connection + "\r\n");
    ASSERT_EQ(reading.state, State::complete);
    EXPECT_EQ(reading.reader.keep_alive(), c.keep_alive) << c.version << c.connection;
  }
}

class MalformedRequest : public testing::TestWithParam<std::string> {};

TEST_P(MalformedRequest, IsRefused) {
  Reading reading(GetParam());
  ASSERT_EQ(reading.state, State::failed) << GetParam();
  EXPECT_EQ(reading.reader.error_status(), 400U);
  EXPECT_FALSE(reading.reader.keep_alive());
}

std::string with_fields(const std::string& fields) { return "POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n"; }
std::string with_chunks(const std::string& chunks) { return with_fields("Transfer-Encoding: chunked\r\n") + chunks; }

INSTANTIATE_TEST_SUITE_P(
    Shapes, MalformedRequest,
    testing::Values(
        // two servers could disagree on where these end
        with_fields("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
        with_fields("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
        with_fields("Content-Length: 3\r\nContent-Length: 4\r\n"),
        with_fields("Content-Length: 3\r\nContent-Length: 3\r\n"), with_fields("Content-Length: 3, 3\r\n"),
        with_fields("Content-Length: +3\r\n"), with_fields("Content-Length: -3\r\n"),
        with_fields("Content-Length: 0x3\r\n"), with_fields("Content-Length: 3 3\r\n"),
        with_fields("Content-Length:\r\n"), with_fields("Content-Length: 99999999999999999999\r\n"),
        with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        with_fields("Transfer-Encoding:\r\n"),
        std::string("POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"),
        with_fields("Content-Length : 3\r\n"), with_fields("Content-Length\t: 3\r\n"), with_fields("X-A: b\r\n c\r\n"),
        with_fields("X-A:\r\n\tContent-Length: 3\r\n"), std::string("POST / HTTP/1.1\r\n Host: h\r\n\r\n"),
        with_fields("X-A: b\nX-C: d\r\n"), with_fields("X-A: b\rX-C: d\r\n"),
        with_fields(std::string("X-A: b\0c\r\n", 10)), with_fields(": b\r\n"), with_fields("X-A\r\n"),
        std::string("GET / HTTP/1.1\n"), with_chunks("0x3\r\nabc\r\n0\r\n\r\n"), with_chunks("-1\r\nabc\r\n0\r\n\r\n"),
        with_chunks("3\nabc\r\n0\r\n\r\n"), with_chunks("3\r\nabcd\r\n0\r\n\r\n"),
        with_chunks("3 \r\nabc\r\n0\r\n\r\n"), with_chunks("11111111111111111\r\n"), with_chunks("\r\nabc\r\n"),
        with_chunks(";x=y\r\nabc\r\n"), with_chunks("1;" + std::string(20000, 'x')),
        with_chunks("0\r\nX-A: " + std::string(20000, 'x')),
        // these are no HTTP/1.1
        std::string("\x16\x03\x01\x02"), std::string("GET / HTTP/1.10\r\nHost: h\r\n\r\n"),
        std::string("GET / HTTP/1\r\nHost: h\r\n\r\n"), std::string("GET / HTTQ/2.0\r\nHost: h\r\n\r\n"),
        std::string("GET  / HTTP/1.1\r\nHost: h\r\n\r\n"), std::string("GET / http/1.1\r\nHost: h\r\n\r\n"),
        std::string("GET /\r\nHost: h\r\n\r\n"), std::string("GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\n\r\n"), with_fields("Host: other\r\n")));

/// The status that a request is refused with; 0 when it is not.
unsigned refusal_of(const std::string& bytes, ServerLimits limits = {}) {
  Reading reading(bytes, limits);
  return reading.state == State::failed ? reading.reader.error_status() : 0;
}

TEST(RequestReader, TellsATransferCodingThatItDoesNotKnow) {
  for (const std::string value : {"gzip", "gzip, chunked", "chunked, identity", "xchunked", "deflate"}) {
    EXPECT_EQ(refusal_of(with_fields("Transfer-Encoding: " + value + "\r\n")), 501U) << value;
  }
  EXPECT_EQ(refusal_of("POST / HTTP/1.0\r\nTransfer-Encoding: gzip\r\n\r\n"), 400U);
}

TEST(RequestReader, TellsAVersionThatItDoesNotSpeak) {
  for (const std::string version : {"2.0", "3.0", "0.9", "1.2", "9.9"}) {
    EXPECT_EQ(refusal_of("GET / HTTP/" + version + "\r\nHost: h\r\n\r\n"), 505U) << version;
  }
  EXPECT_EQ(refusal_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505U);
}

TEST(RequestReader, RefusesALongRequestLineOrHeaderBeforeItEnds) {
  const ServerLimits limits{.header_bytes = 100};
  EXPECT_EQ(Reading("GET /" + std::string(94, 'a'), limits).state, State::need_more);
  EXPECT_EQ(refusal_of("GET /" + std::string(95, 'a'), limits), 414U);
  EXPECT_EQ(refusal_of("GET /" + std::string(95, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", limits), 414U);
  EXPECT_EQ(refusal_of(with_fields("X-A: " + std::string(70, 'a') + "\r\n"), limits), 431U);
}

TEST(RequestReader, TakesAHeaderOfExactlyTheLimit) {
  const std::string header = with_fields("X-A: b\r\n");
  EXPECT_EQ(Reading(header, {.header_bytes = header.size()}).state, State::complete);
  EXPECT_EQ(Reading(header, {.header_bytes = header.size() - 1}).state, State::failed);
}

TEST(RequestReader, RefusesABodyPastTheLimitAndTakesOneAtIt) {
  const ServerLimits limits{.body_bytes = 4};
  EXPECT_EQ(Reading(with_fields("Content-Length: 4\r\n") + "abcd", limits).state, State::complete);
  EXPECT_EQ(Reading(with_chunks("3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"), limits).state, State::complete);
  for (const std::string& bytes : {with_fields("Content-Length: 5\r\n"), with_chunks("3\r\nabc\r\n2\r\n")}) {
    Reading reading(bytes, limits);
    ASSERT_EQ(reading.state, State::failed) << bytes;
    EXPECT_EQ(reading.reader.error_status(), 413U);
  }
}

}  // namespace
}  // namespace codelab::http::server
