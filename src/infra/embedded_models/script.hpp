#pragma once

#include <string_view>

namespace codelab::infra::embedded_models {

/// True when more than half of the letters are of Latin script, or when there are no letters: what UseLiteEncoder can
/// read. For other texts there is HashingEncoder. Bytes that are not UTF-8 are no letters.
bool is_mostly_latin(std::string_view utf8);

}  // namespace codelab::infra::embedded_models
