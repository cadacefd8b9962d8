#include "http/assets/asset_table.hpp"

#include <algorithm>

namespace codelab::http::assets {

const Asset* find_asset(std::string_view path) noexcept { return find_asset(asset_table(), path); }

const Asset* find_asset(std::span<const Asset> table, std::string_view path) noexcept {
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const auto found = std::ranges::lower_bound(table, path, {}, &Asset::path);
  return found != table.end() && found->path == path ? &*found : nullptr;
}

}  // namespace codelab::http::assets
