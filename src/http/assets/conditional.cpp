#include "http/assets/conditional.hpp"

#include <algorithm>
#include <cstddef>

namespace codelab::http::assets {
namespace {

constexpr std::string_view kWeakPrefix = "W/";

std::string_view opaque_part(std::string_view etag) noexcept {
  if (etag.starts_with(kWeakPrefix)) etag.remove_prefix(kWeakPrefix.size());
  return etag;
}

void skip(std::string_view& text, std::string_view characters) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(characters), text.size()));
}

/// Takes a quoted tag off the front of `rest`; empty when there is none. A tag may hold commas.
std::string_view take_opaque_tag(std::string_view& rest) noexcept {
  if (rest.starts_with(kWeakPrefix)) rest.remove_prefix(kWeakPrefix.size());
  if (!rest.starts_with('"')) return {};
  const auto close = rest.find('"', 1);
  if (close == std::string_view::npos) return {};
  const auto tag = rest.substr(0, close + 1);
  rest.remove_prefix(close + 1);
  return tag;
}

}  // namespace

bool matches_if_none_match(std::string_view etag, std::string_view if_none_match) noexcept {
  const auto wanted = opaque_part(etag);
  auto rest = if_none_match;
  skip(rest, " \t");
  if (rest.starts_with('*')) {
    rest.remove_prefix(1);
    skip(rest, " \t");
    return rest.empty();
  }
  while (true) {
    skip(rest, " \t,");
    const auto tag = take_opaque_tag(rest);
    if (tag.empty()) return false;
    if (tag == wanted) return true;
  }
}

}  // namespace codelab::http::assets
