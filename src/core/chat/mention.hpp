#pragma once

#include <optional>
#include <string_view>

namespace codelab::core::chat {

/// The name in a leading `@name` of a message: letters, digits, `_` and `-`, ended by anything else or the end.
std::optional<std::string_view> leading_mention(std::string_view content);

}  // namespace codelab::core::chat
