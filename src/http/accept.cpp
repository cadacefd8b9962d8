#include "http/accept.hpp"

#include <compare>

#include "http/assets/quality_list.hpp"

namespace codelab::http {
namespace {

/// How a field takes a media type. Greater is better.
struct Liking {
  int quality = 0;
  /// 3 for `type/subtype`, 2 for `type/*`, 1 for `*/*`, 0 when no range matches.
  int exactness = 0;
  /// Ranges that stand behind the matching one.
  std::ptrdiff_t earliness = 0;

  auto operator<=>(const Liking&) const = default;
};

int exactness_of(std::string_view range, std::string_view type) {
  if (assets::equals_ignoring_case(range, type)) return 3;
  if (range == "*/*") return 1;
  const bool whole_type =
      range.ends_with("/*") && type.contains('/') &&
      assets::equals_ignoring_case(range.substr(0, range.size() - 1), type.substr(0, type.find('/') + 1));
  return whole_type ? 2 : 0;
}

/// The most exact range that matches decides, not the kindest: `text/*, text/html;q=0` excludes HTML.
Liking liking_of(std::string_view accept, std::string_view type) {
  Liking found;
  std::ptrdiff_t place = 0;
  assets::QualityListReader reader(accept);
  while (const auto item = reader.next()) {
    const int exactness = exactness_of(item->name, type);
    if (exactness > found.exactness) found = {item->quality, exactness, -place};
    ++place;
  }
  return found;
}

}  // namespace

std::size_t best_offer(std::string_view accept, std::span<const std::string_view> offers) {
  std::size_t best = 0;
  Liking liked;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    const Liking liking = liking_of(accept, offers[i]);
    if (liking.quality == 0 || liking <= liked) continue;
    best = i;
    liked = liking;
  }
  return best;
}

}  // namespace codelab::http
