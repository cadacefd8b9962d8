#include "infra/openai/chat_stream_decoder.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace codelab::infra::openai {
namespace {

using Kind = DecodeFailure::Kind;
using State = ChatStreamDecoder::State;

class Pieces final : public core::models::TextSink {
 public:
  void on_text(std::string_view text) override { pieces.emplace_back(text); }
  std::string joined() const {
    std::string text;
    for (const std::string& piece : pieces) text += piece;
    return text;
  }
  std::vector<std::string> pieces;
};

class ChatStreamDecoderTest : public ::testing::Test {
 protected:
  State feed(std::string_view bytes) { return decoder_.feed(bytes, sink_); }
  State finish() { return decoder_.finish(sink_); }
  Kind kind() const { return decoder_.failure().kind; }

  ChatStreamDecoder decoder_{{.max_answer_bytes = 100, .events = {.max_line_bytes = 1000}}};
  Pieces sink_;
};

std::string event(std::string_view json) { return std::string("data: ").append(json).append("\n\n"); }
std::string delta(std::string_view content) {
  return event(std::string(R"({"choices":[{"index":0,"delta":{"content":")").append(content).append(R"("}}]})"));
}
const std::string kStop = event(R"({"choices":[{"delta":{},"finish_reason":"stop"}]})");
const std::string kDone = "data: [DONE]\n\n";

TEST_F(ChatStreamDecoderTest, ReadsAWholeStream) {
  feed(event(R"({"id":"x","model":"gpt-9","choices":[{"index":0,"delta":{"role":"assistant","content":null}}]})"));
  EXPECT_FALSE(decoder_.progressing());
  feed(delta("Hel"));
  EXPECT_TRUE(decoder_.progressing());
  feed(delta("lo") + kStop);
  feed(event(R"({"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}})"));
  EXPECT_EQ(feed(kDone), State::done);
  EXPECT_EQ(sink_.pieces, (std::vector<std::string>{"Hel", "lo"}));
  const ChatAnswer& answer = decoder_.answer();
  EXPECT_EQ(answer.text, "Hello");
  EXPECT_EQ(answer.model, "gpt-9");
  EXPECT_EQ(answer.finish_reason, "stop");
  ASSERT_TRUE(answer.usage);
  EXPECT_EQ(answer.usage->prompt_tokens, 7);
  EXPECT_EQ(answer.usage->completion_tokens, 2);
}

TEST_F(ChatStreamDecoderTest, SplittingAtAnyByteChangesNothing) {
  const std::string stream = "\xEF\xBB\xBF" + delta("при") + delta("вет 😀") + kStop + kDone;
  for (std::size_t piece = 1; piece < stream.size(); ++piece) {
    ChatStreamDecoder decoder({});
    Pieces sink;
    for (std::size_t at = 0; at < stream.size(); at += piece) decoder.feed(stream.substr(at, piece), sink);
    EXPECT_EQ(decoder.state(), State::done) << piece;
    EXPECT_EQ(sink.joined(), "привет 😀");
  }
}

TEST_F(ChatStreamDecoderTest, SeveralDeltasOfOneReadReachTheSinkTogether) {
  feed(delta("a") + delta("b") + delta("c"));
  EXPECT_EQ(sink_.pieces, std::vector<std::string>{"abc"});
}

TEST_F(ChatStreamDecoderTest, ACharacterCutBetweenDeltasIsHeldBack) {
  feed(delta("a\xF0\x9F"));
  EXPECT_EQ(sink_.pieces, std::vector<std::string>{"a"});
  feed(delta("\x98\x80"));
  feed(delta("\xE2\x82") + kStop + kDone);
  EXPECT_EQ(sink_.joined(), "a😀\xEF\xBF\xBD");
  EXPECT_EQ(decoder_.answer().text, sink_.joined());
}

TEST_F(ChatStreamDecoderTest, UnknownAndMissingFieldsAreTolerated) {
  feed(": keep-alive\n\n");
  feed(event(R"({"choices":[],"prompt_filter_results":[{}]})"));
  feed(event(R"({"object":"ping","usage":null,"choices":null})"));
  feed(event(R"({"choices":[{"delta":null,"logprobs":null}]})"));
  feed(event(R"({"choices":[{"delta":{"content":[{"type":"text","text":"part"},{"type":"x"}]}}],"x":{"y":1}})"));
  feed(event(R"({"choices":[{"index":1,"delta":{"content":"other choice"}}]})"));
  feed(event(R"({"choices":[{"delta":{"content":""},"finish_reason":null}],"usage":{"prompt_tokens":"many"}})"));
  EXPECT_EQ(feed(kStop), State::running);
  EXPECT_EQ(finish(), State::done);
  EXPECT_EQ(decoder_.answer().text, "part");
}

TEST_F(ChatStreamDecoderTest, ReasoningIsProgressButNotText) {
  feed(event(R"({"choices":[{"delta":{"reasoning_content":"hmm"}}]})"));
  EXPECT_TRUE(decoder_.progressing());
  EXPECT_TRUE(sink_.pieces.empty());
}

TEST_F(ChatStreamDecoderTest, NothingIsReadPastTheEnd) {
  feed(delta("a") + kStop + kDone + delta("b"));
  EXPECT_EQ(feed(delta("c")), State::done);
  EXPECT_EQ(sink_.joined(), "a");
}

TEST_F(ChatStreamDecoderTest, AStreamThatEndsTooEarlyIsCut) {
  feed(delta("half"));
  EXPECT_EQ(finish(), State::failed);
  EXPECT_EQ(kind(), Kind::cut);
}

TEST_F(ChatStreamDecoderTest, AnEmptyBodyIsCut) {
  EXPECT_EQ(finish(), State::failed);
  EXPECT_EQ(kind(), Kind::cut);
}

TEST_F(ChatStreamDecoderTest, ALostConnectionAfterTheFinishReasonDoesNotMatter) {
  feed(delta("all") + kStop + "data: {\"usa");
  EXPECT_EQ(decoder_.cut_off(sink_), State::done);
  ChatStreamDecoder other({});
  other.feed(delta("half"), sink_);
  EXPECT_EQ(other.cut_off(sink_), State::failed);
}

TEST_F(ChatStreamDecoderTest, AnErrorInTheStreamIsTheProviders) {
  feed(delta("a"));
  EXPECT_EQ(feed(event(R"({"error":{"message":"gone","type":"server_error","code":500}})")), State::failed);
  EXPECT_EQ(kind(), Kind::provider_error);
  EXPECT_EQ(decoder_.failure().provider.message, "gone");
  EXPECT_TRUE(decoder_.failure().provider.transient());
}

TEST_F(ChatStreamDecoderTest, GarbageIsRefused) {
  for (const char* bad :
       {"{oops", "[1]", "7", "\"x\"", R"({"choices":{}})", R"({"choices":[7]})", R"({"choices":[{"delta":"x"}]})",
        R"({"choices":[{"delta":{"content":7}}]})", R"({"choices":[{"delta":{"content":{"a":1}}}]})"}) {
    ChatStreamDecoder decoder({});
    EXPECT_EQ(decoder.feed(event(bad), sink_), State::failed) << bad;
    EXPECT_EQ(decoder.failure().kind, Kind::garbage);
    EXPECT_NE(decoder.failure().message, "");
  }
}

TEST_F(ChatStreamDecoderTest, TextThatCameBeforeGarbageIsHandedOver) {
  EXPECT_EQ(feed(delta("good") + event("bad")), State::failed);
  EXPECT_EQ(sink_.joined(), "good");
}

TEST_F(ChatStreamDecoderTest, APageOfHtmlIsGarbage) {
  feed("<html>\n<body>502: bad gateway</body>\n\n</html>\n");
  EXPECT_EQ(finish(), State::failed);
  EXPECT_EQ(kind(), Kind::garbage);
}

TEST_F(ChatStreamDecoderTest, AnEndWithoutAnyChoiceIsGarbage) {
  EXPECT_EQ(feed(kDone), State::failed);
  EXPECT_EQ(kind(), Kind::garbage);
}

TEST_F(ChatStreamDecoderTest, TextPastTheBoundIsRefused) {
  EXPECT_EQ(feed(delta(std::string(100, 'x'))), State::running);
  EXPECT_EQ(feed(delta("y")), State::failed);
  EXPECT_EQ(kind(), Kind::too_large);
  EXPECT_EQ(sink_.joined().size(), 100U);
}

TEST_F(ChatStreamDecoderTest, AnEventPastTheBoundIsRefused) {
  EXPECT_EQ(feed("data: " + std::string(1000, 'x')), State::failed);
  EXPECT_EQ(kind(), Kind::too_large);
}

constexpr std::string_view kDocument = R"( {"model":"local","choices":[{"index":0,"finish_reason":"length",
  "message":{"role":"assistant","content":"whole answer"}}],"usage":{"prompt_tokens":3,"completion_tokens":4}} )";

TEST_F(ChatStreamDecoderTest, APlainJsonAnswerIsReadToo) {
  for (const char byte : kDocument) EXPECT_EQ(feed({&byte, 1}), State::running);
  EXPECT_EQ(finish(), State::done);
  EXPECT_EQ(sink_.pieces, std::vector<std::string>{"whole answer"});
  EXPECT_EQ(decoder_.answer().finish_reason, "length");
  EXPECT_EQ(decoder_.answer().usage->completion_tokens, 4);
}

TEST_F(ChatStreamDecoderTest, AFailedPlainAnswerIsRefused) {
  const auto kind_of = [this](std::string_view document) {
    ChatStreamDecoder decoder({});
    decoder.feed(document, sink_);
    EXPECT_EQ(decoder.finish(sink_), State::failed) << document;
    return decoder.failure().kind;
  };
  EXPECT_EQ(kind_of(kDocument.substr(0, 60)), Kind::garbage);
  EXPECT_EQ(kind_of("{}"), Kind::garbage);
  EXPECT_EQ(kind_of(R"({"choices":[]})"), Kind::garbage);
  EXPECT_EQ(kind_of(R"({"choices":7})"), Kind::garbage);
  EXPECT_EQ(kind_of(R"({"error":{"message":"no"}})"), Kind::provider_error);
  EXPECT_EQ(kind_of("{" + std::string(8UL << 20, ' ')), Kind::too_large);
}

TEST_F(ChatStreamDecoderTest, ToolCallsArePutTogetherByTheirIndex) {
  const auto calls = [](std::string_view parts) {
    return event(R"({"choices":[{"index":0,"delta":{"tool_calls":[)" + std::string(parts) + "]}}]}");
  };
  feed(calls(R"({"index":0,"id":"c1","type":"function","function":{"name":"ask","arguments":""}})"));
  EXPECT_TRUE(decoder_.progressing());
  feed(calls(R"({"index":0,"function":{"arguments":"{\"a\""}})"));
  feed(calls(R"({"index":1,"id":"c2","function":{"name":"find","arguments":"{}"}},)"
             R"({"index":0,"function":{"arguments":":1}"}})"));
  EXPECT_EQ(feed(kStop + kDone), State::done);
  const auto& found = decoder_.answer().tool_calls;
  ASSERT_EQ(found.size(), 2);
  EXPECT_EQ(found[0].id + found[0].name + found[0].arguments, R"(c1ask{"a":1})");
  EXPECT_EQ(found[1].id + found[1].name + found[1].arguments, "c2find{}");
  EXPECT_EQ(decoder_.answer().text, "");
}

TEST_F(ChatStreamDecoderTest, ToolCallsOfADocumentStandInTheirOrder) {
  feed(R"({"choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":null,)"
       R"("tool_calls":[{"id":"a","function":{"name":"x","arguments":"1"}},)"
       R"({"id":"b","function":{"name":"y","arguments":"2"}}]}}]})");
  EXPECT_EQ(decoder_.finish(sink_), State::done);
  ASSERT_EQ(decoder_.answer().tool_calls.size(), 2);
  EXPECT_EQ(decoder_.answer().tool_calls[1].name, "y");
}

TEST_F(ChatStreamDecoderTest, ToolCallsHaveBounds) {
  const std::string many = R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":64,"id":"c"}]}}]})";
  EXPECT_EQ(feed(event(many)), State::failed);
  EXPECT_EQ(decoder_.failure().kind, DecodeFailure::Kind::too_large);
  const auto decode = [&](std::string_view call) {
    ChatStreamDecoder decoder({.max_answer_bytes = 8});
    decoder.feed(event(R"({"choices":[{"index":0,"delta":{"tool_calls":)" + std::string(call) + "}}]}"), sink_);
    return decoder.failure().message;
  };
  EXPECT_EQ(decode(R"([{"id":"c1","function":{"name":"ask","arguments":"0123456789"}}])"),
            "the tool calls are longer than 8 bytes");
  EXPECT_EQ(decode("7"), "the provider's `tool_calls` is not a list");
  EXPECT_EQ(decode("[7]"), "a tool call of the provider's is not an object");
}

}  // namespace
}  // namespace codelab::infra::openai
