#include "http/api_request.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "http/parameters.hpp"

namespace codelab::http {

std::string_view ApiRequest::param(std::string_view name) const {
  const auto found = std::ranges::find_if(params, [&](const auto& each) { return each.first == name; });
  return found == params.end() ? std::string_view{} : std::string_view{found->second};
}

base::Error query_fault(std::string_view name, std::string msg) {
  return {.code = base::ErrorCode::validation_failed,
          .detail = "the request is not valid",
          .fields = {{.loc = {"query", std::string(name)}, .msg = std::move(msg)}}};
}

base::Result<std::int64_t> query_number(const ApiRequest& request, const Parameter& parameter) {
  const Bounds bounds = parameter.bounds.value();
  const auto text = request.target.find(parameter.name);
  if (!text) return bounds.start;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size())
    return query_fault(parameter.name, "must be a whole number");
  if (value < bounds.minimum || value > bounds.maximum) {
    return query_fault(parameter.name, fmt::format("must be {} to {}", bounds.minimum, bounds.maximum));
  }
  return value;
}

base::Result<core::PageRequest> page_of(const ApiRequest& request) {
  const auto limit = query_number(request, parameters::kLimit);
  if (!limit) return limit.error();
  core::PageRequest page{.limit = *limit};
  if (const auto cursor = request.target.find(parameters::kCursor.name)) {
    if (!base::parse_uuid(*cursor))
      return query_fault(parameters::kCursor.name, "must be the next_cursor of the page before");
    page.cursor = std::string(*cursor);
  }
  return page;
}

}  // namespace codelab::http
