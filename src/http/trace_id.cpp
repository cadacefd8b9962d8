#include "http/trace_id.hpp"

#include <algorithm>

#include "base/ids.hpp"

namespace codelab::http {
namespace {

constexpr std::size_t kTraceparentSize = 55;
constexpr std::size_t kTraceIdSize = 32;

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

std::string trace_id_of(const Request& request) {
  const std::string_view parent = request.headers.get("traceparent");
  if (parent.size() >= kTraceparentSize && parent[2] == '-' && parent[35] == '-') {
    const std::string_view id = parent.substr(3, kTraceIdSize);
    const bool zero = std::ranges::all_of(id, [](char c) { return c == '0'; });
    if (std::ranges::all_of(id, is_lower_hex) && !zero) return std::string(id);
  }
  std::string fresh = base::format_uuid(base::generate_uuid_v7());
  std::erase(fresh, '-');
  return fresh;
}

}  // namespace codelab::http
