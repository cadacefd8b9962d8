#include "infra/openai/sse_parser.hpp"

#include <gtest/gtest.h>

namespace codelab::infra::openai {
namespace {

std::vector<std::string> data_of(const std::vector<SseEvent>& events) {
  std::vector<std::string> data;
  for (const SseEvent& event : events) data.push_back(event.data);
  return data;
}

std::vector<SseEvent> parse(std::string_view stream, std::size_t piece = std::string_view::npos) {
  SseParser parser;
  std::vector<SseEvent> events;
  for (; !stream.empty(); stream.remove_prefix(std::min(piece, stream.size()))) {
    EXPECT_TRUE(parser.feed(stream.substr(0, piece), events));
  }
  return events;
}

using Texts = std::vector<std::string>;

TEST(SseParserTest, ReadsEventsWithEachKindOfLineEnd) {
  EXPECT_EQ(data_of(parse("data: a\n\ndata: b\n\n")), (Texts{"a", "b"}));
  EXPECT_EQ(data_of(parse("data: a\r\n\r\ndata: b\r\n\r\n")), (Texts{"a", "b"}));
  EXPECT_EQ(data_of(parse("data: a\r\rdata: b\r\r")), (Texts{"a", "b"}));
}

TEST(SseParserTest, SplittingChangesNothing) {
  const std::string_view stream =
      "\xEF\xBB\xBF"
      "data: first\r\ndata: second\r\n\r\n: comment\r\revent: ping\rdata\r\r\nid: 7\n\ndata:x\n\n";
  const auto whole = parse(stream);
  EXPECT_EQ(data_of(whole), (Texts{"first\nsecond", "", "x"}));
  EXPECT_EQ(whole[1].type, "ping");
  for (std::size_t piece = 1; piece < stream.size(); ++piece) EXPECT_EQ(data_of(parse(stream, piece)), data_of(whole));
}

TEST(SseParserTest, OneSpaceAfterTheColonBelongsToTheForm) {
  EXPECT_EQ(data_of(parse("data:a\n\ndata:  b \n\n")), (Texts{"a", " b "}));
}

TEST(SseParserTest, CommentsAndUnknownFieldsAreSkipped) {
  EXPECT_EQ(data_of(parse(": hi\nretry: 3\nfoo: bar\ndata: a\nid\n\n")), (Texts{"a"}));
  EXPECT_EQ(data_of(parse("event: lonely\n\n\n\n")), Texts{});
}

TEST(SseParserTest, AnEventTypeHoldsForOneEvent) {
  const auto events = parse("event: a\ndata: 1\n\ndata: 2\n\n");
  EXPECT_EQ(events.at(0).type, "a");
  EXPECT_EQ(events.at(1).type, "");
}

TEST(SseParserTest, TheEndOfTheStreamCompletesTheLastEvent) {
  SseParser parser;
  std::vector<SseEvent> events;
  EXPECT_TRUE(parser.feed("data: a\n\ndata: b", events));
  EXPECT_EQ(events.size(), 1U);
  EXPECT_TRUE(parser.finish(events));
  EXPECT_EQ(data_of(events), (Texts{"a", "b"}));
}

TEST(SseParserTest, ALineThatIsTooLongIsRefused) {
  for (const std::size_t piece : {1UL, 7UL, 100UL}) {
    SseParser parser({.max_line_bytes = 20});
    std::vector<SseEvent> events;
    bool good = true;
    for (std::string_view rest = "data: ok\n\ndata: 012345678901234567890\n\n"; !rest.empty() && good;) {
      good = parser.feed(rest.substr(0, piece), events);
      rest.remove_prefix(std::min(piece, rest.size()));
    }
    EXPECT_FALSE(good);
    EXPECT_FALSE(parser.feed("data: more\n\n", events));
    EXPECT_EQ(data_of(events), Texts{"ok"});
  }
}

TEST(SseParserTest, AnEventOfTooManyLinesIsRefused) {
  SseParser parser({.max_event_bytes = 10});
  std::vector<SseEvent> events;
  EXPECT_FALSE(parser.feed("data: 12345\ndata: 67890\n\n", events));
}

}  // namespace
}  // namespace codelab::infra::openai
