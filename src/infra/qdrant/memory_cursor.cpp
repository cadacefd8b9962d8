#include "infra/qdrant/memory_cursor.hpp"

#include <charconv>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/ids.hpp"

namespace codelab::infra::qdrant {
namespace {

/// More ids are those of no cursor that was given out.
constexpr std::size_t kMaxShown = 1'000;

}  // namespace

std::optional<MemoryCursor> MemoryCursor::parse(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  MemoryCursor cursor;
  std::string_view rest = *text;
  const auto colon = rest.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const char* begin = rest.data();
  const char* end = begin + colon;
  const auto read = std::from_chars(begin, end, cursor.at);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  rest.remove_prefix(colon + 1);
  while (!rest.empty() && cursor.shown.size() < kMaxShown) {
    const auto id = base::MemoryId::parse(rest.substr(0, rest.find(',')));
    if (!id) return std::nullopt;
    cursor.shown.push_back(id->str());
    const auto comma = rest.find(',');
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
  return cursor;
}

std::string MemoryCursor::str() const { return fmt::format("{}:{}", at, fmt::join(shown, ",")); }

}  // namespace codelab::infra::qdrant
