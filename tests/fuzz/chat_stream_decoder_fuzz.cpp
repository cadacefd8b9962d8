#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "infra/openai/chat_stream_decoder.hpp"

namespace {

using codelab::infra::openai::ChatStreamDecoder;
using codelab::infra::openai::Utf8Joiner;

constexpr std::size_t kMaxAnswer = 256;

/// Refuses empty pieces and such that are not whole UTF-8.
class StrictSink final : public codelab::core::models::TextSink {
 public:
  void on_text(std::string_view piece) override {
    std::string checked;
    Utf8Joiner joiner;
    joiner.append(piece, checked);
    if (piece.empty() || checked != piece) std::abort();
    text += piece;
  }
  std::string text;
};

struct Decoded {
  ChatStreamDecoder::State state;
  std::string text;
};

Decoded decode(std::string_view stream, std::size_t piece) {
  ChatStreamDecoder decoder({.max_answer_bytes = kMaxAnswer, .events = {.max_line_bytes = 512}});
  StrictSink sink;
  while (!stream.empty()) {
    decoder.feed(stream.substr(0, piece), sink);
    stream.remove_prefix(std::min(piece, stream.size()));
  }
  decoder.finish(sink);
  if (decoder.answer().text != sink.text) std::abort();
  // Three bytes of U+FFFD may stand for one of the stream.
  if (sink.text.size() > 3 * kMaxAnswer) std::abort();
  if (decoder.state() == ChatStreamDecoder::State::running) std::abort();
  return {decoder.state(), sink.text};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Decoded whole = decode(stream, stream.size() + 1);
  const Decoded split = decode(stream, 1 + data[0] % 16);
  if (whole.state != split.state || whole.text != split.text) std::abort();
  return 0;
}
