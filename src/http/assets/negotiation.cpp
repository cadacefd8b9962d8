#include "http/assets/negotiation.hpp"

#include <optional>

#include "http/assets/quality_list.hpp"

namespace codelab::http::assets {
namespace {

/// What one Accept-Encoding field says about the codings that we have. The first mention of a coding counts.
struct Wishes {
  std::optional<int> brotli;
  std::optional<int> gzip;
  std::optional<int> identity;
  std::optional<int> any;
};

void note(std::optional<int>& wish, int quality) noexcept {
  if (!wish) wish = quality;
}

Wishes read_wishes(std::string_view accept_encoding) noexcept {
  Wishes wishes;
  QualityListReader reader(accept_encoding);
  while (const auto item = reader.next()) {
    if (equals_ignoring_case(item->name, "br")) note(wishes.brotli, item->quality);
    if (equals_ignoring_case(item->name, "gzip")) note(wishes.gzip, item->quality);
    if (equals_ignoring_case(item->name, "x-gzip")) note(wishes.gzip, item->quality);
    if (equals_ignoring_case(item->name, "identity")) note(wishes.identity, item->quality);
    if (item->name == "*") note(wishes.any, item->quality);
  }
  return wishes;
}

}  // namespace

Representation negotiate(const Asset& asset, std::string_view accept_encoding) noexcept {
  const Wishes wishes = read_wishes(accept_encoding);
  const int unnamed = wishes.any.value_or(0);
  Representation best{{}, asset.identity};
  int best_quality = wishes.identity.value_or(0);
  const auto offer = [&](std::string_view coding, std::span<const std::byte> bytes, int quality) {
    if (bytes.empty() || quality == 0 || quality < best_quality) return;
    if (quality == best_quality && bytes.size() >= best.bytes.size()) return;
    best = {coding, bytes};
    best_quality = quality;
  };
  offer("gzip", asset.gzip, wishes.gzip.value_or(unnamed));
  offer("br", asset.brotli, wishes.brotli.value_or(unnamed));
  return best;
}

}  // namespace codelab::http::assets
