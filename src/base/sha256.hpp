#pragma once

#include <string>
#include <string_view>

namespace codelab::base {

/// The 32 bytes of SHA-256.
std::string sha256(std::string_view data);

}  // namespace codelab::base
