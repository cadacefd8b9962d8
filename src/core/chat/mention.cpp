#include "core/chat/mention.hpp"

#include <algorithm>

namespace codelab::core::chat {
namespace {

constexpr bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

std::optional<std::string_view> leading_mention(std::string_view content) {
  const auto begin = std::ranges::find_if_not(content, is_space);
  if (begin == content.end() || *begin != '@') return std::nullopt;
  const auto name_end = std::find_if_not(begin + 1, content.end(), is_name_character);
  if (name_end == begin + 1) return std::nullopt;
  return std::string_view(begin + 1, name_end);
}

}  // namespace codelab::core::chat
