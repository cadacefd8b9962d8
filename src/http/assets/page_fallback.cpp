#include "http/assets/page_fallback.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "http/assets/quality_list.hpp"

namespace codelab::http::assets {
namespace {

constexpr std::array<std::string_view, 6> kServerPrefixes = {"/my",     "/auth",    "/assets",
                                                             "/health", "/metrics", "/openapi.json"};

bool stands_under(std::string_view path, std::string_view prefix) noexcept {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

/// `/favicon.ico`: a file by its name, not a view of the interface.
bool names_a_file(std::string_view path) noexcept { return path.substr(path.rfind('/') + 1).contains('.'); }

}  // namespace

bool is_page_path(std::string_view path) noexcept {
  return path.starts_with('/') && !names_a_file(path) &&
         std::ranges::none_of(kServerPrefixes, [path](std::string_view prefix) { return stands_under(path, prefix); });
}

bool accepts_html(std::string_view accept) noexcept {
  QualityListReader reader(accept);
  while (const auto item = reader.next()) {
    if (equals_ignoring_case(item->name, "text/html")) return item->quality > 0;
  }
  return false;
}

const Asset& page_fallback() noexcept {
  const Asset* page = find_asset("/");
  assert(page != nullptr && "the asset build always packs a page at /");
  return *page;
}

}  // namespace codelab::http::assets
