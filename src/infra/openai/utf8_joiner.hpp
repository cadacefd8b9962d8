#pragma once

#include <string>
#include <string_view>

namespace codelab::infra::openai {

/// Turns text that was cut anywhere, also inside a character, into pieces of whole UTF-8 sequences. Bytes that can be
/// no part of one become U+FFFD.
class Utf8Joiner {
 public:
  /// Appends to `out` what is whole; keeps back at most three bytes of a sequence that may still be completed.
  void append(std::string_view bytes, std::string& out);
  /// No more will come: what was kept back becomes U+FFFD.
  void flush(std::string& out);

 private:
  std::string kept_;
};

}  // namespace codelab::infra::openai
