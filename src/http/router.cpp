#include "http/router.hpp"

#include <algorithm>

namespace codelab::http {
namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = path.find('/');
    const std::string_view segment = path.substr(0, end);
    if (!segment.empty()) segments.push_back(segment);
    path = end == std::string_view::npos ? std::string_view{} : path.substr(end);
  }
  return segments;
}

bool is_param(std::string_view segment) { return segment.starts_with('{'); }

bool matches(const std::vector<std::string_view>& pattern, const std::vector<std::string>& segments) {
  return std::ranges::equal(pattern, segments, [](std::string_view expected, std::string_view actual) {
    return is_param(expected) ? !actual.empty() : expected == actual;
  });
}

/// Literals sort before parameters, segment by segment, so the first match is the closest one.
bool more_literal(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  return std::ranges::lexicographical_compare(a, b, {}, is_param, is_param);
}

}  // namespace

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {
  for (std::size_t i = 0; i < routes_.size(); ++i) patterns_.push_back({i, split(routes_[i].path())});
  std::ranges::sort(patterns_, more_literal, &Pattern::segments);
}

Router::Match Router::find(Method method, const Target& target) const {
  const Method wanted = method == Method::head ? Method::get : method;
  Match match;
  for (const Pattern& pattern : patterns_) {
    if (!matches(pattern.segments, target.segments)) continue;
    const Route& route = routes_[pattern.route];
    if (route.method() != wanted) {
      match.allowed += (match.allowed.empty() ? "" : ", ") + std::string(to_string(route.method()));
      continue;
    }
    match.route = &route;
    match.number = pattern.route + 1;
    for (std::size_t i = 0; i < pattern.segments.size(); ++i) {
      const std::string_view segment = pattern.segments[i];
      if (is_param(segment)) match.params.emplace_back(segment.substr(1, segment.size() - 2), target.segments[i]);
    }
    return match;
  }
  return match;
}

}  // namespace codelab::http
