#include "http/assets/quality_list.hpp"

#include <algorithm>
#include <cstddef>

namespace codelab::http::assets {
namespace {

constexpr int kFullQuality = 1000;

constexpr char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

std::string_view trim(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Returns what stands before `separator` and leaves what stands after it in `rest`.
std::string_view take_until(std::string_view& rest, char separator) noexcept {
  const auto end = rest.find(separator);
  const auto head = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return trim(head);
}

/// qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
int parse_quality(std::string_view text) noexcept {
  constexpr std::size_t kLongest = 5;
  if (text.empty() || text.size() > kLongest || (text[0] != '0' && text[0] != '1')) return 0;
  int quality = text[0] == '1' ? kFullQuality : 0;
  if (text.size() == 1) return quality;
  if (text[1] != '.') return 0;
  int unit = 100;
  for (const char digit : text.substr(2)) {
    if (!is_digit(digit)) return 0;
    quality += (digit - '0') * unit;
    unit /= 10;
  }
  return quality <= kFullQuality ? quality : 0;
}

}  // namespace

std::optional<QualityItem> QualityListReader::next() noexcept {
  while (!rest_.empty()) {
    auto parameters = take_until(rest_, ',');
    QualityItem item{take_until(parameters, ';'), kFullQuality};
    while (!parameters.empty()) {
      const auto parameter = take_until(parameters, ';');
      if (parameter.size() >= 2 && to_lower(parameter[0]) == 'q' && parameter[1] == '=') {
        item.quality = parse_quality(parameter.substr(2));
      }
    }
    if (!item.name.empty()) return item;
  }
  return std::nullopt;
}

bool equals_ignoring_case(std::string_view left, std::string_view right) noexcept {
  return std::ranges::equal(left, right, {}, to_lower, to_lower);
}

}  // namespace codelab::http::assets
