#pragma once

#include <string>
#include <string_view>

/// Unicode preparation of text for the encoders. Bytes that are not UTF-8 count as U+FFFD, one each.
namespace codelab::infra::embedded_models {

/// The code points as they are.
std::u32string decode_utf8(std::string_view utf8);

/// NFKC.
std::u32string normalize_compatible(std::string_view utf8);

/// NFKC with case folded and invisible characters dropped: two spellings of one word become equal.
std::u32string normalize_caseless(std::string_view utf8);

}  // namespace codelab::infra::embedded_models
