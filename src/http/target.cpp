#include "http/target.hpp"

#include <algorithm>

#include <boost/url/parse.hpp>

namespace codelab::http {
namespace {

base::Error bad_target() {
  return base::make_error(base::ErrorCode::malformed_request, "the request target is not valid");
}

bool is_plain_segment(std::string_view segment) {
  return segment != "." && segment != ".." && !segment.contains('/') && !segment.contains('\\') &&
         !segment.contains('\0');
}

/// `http://host/path?query` as `/path?query`; nothing when it is not that.
std::optional<std::string> origin_form(std::string_view absolute) {
  const auto uri = boost::urls::parse_uri(absolute);
  if (!uri || uri->host().empty() || uri->has_userinfo() || uri->has_fragment()) return std::nullopt;
  if (uri->scheme_id() != boost::urls::scheme::http && uri->scheme_id() != boost::urls::scheme::https) {
    return std::nullopt;
  }
  std::string target(uri->encoded_target());
  if (!target.starts_with('/')) target.insert(0, "/");
  return target;
}

base::Result<Target> parse_origin_form(std::string_view text) {
  const auto parsed = boost::urls::parse_origin_form(text);
  if (!parsed) return bad_target();
  Target target;
  for (const auto segment : parsed->segments()) target.segments.push_back(segment);
  if (!target.segments.empty() && target.segments.back().empty()) target.segments.pop_back();
  if (!std::ranges::all_of(target.segments, is_plain_segment)) return bad_target();
  for (const auto param : parsed->params()) target.query.emplace_back(param.key, param.value);
  return target;
}

}  // namespace

std::optional<std::string_view> Target::find(std::string_view name) const {
  const auto found = std::ranges::find_if(query, [&](const auto& each) { return each.first == name; });
  if (found == query.end()) return std::nullopt;
  return found->second;
}

std::string Target::path() const {
  if (segments.empty()) return "/";
  std::string path;
  for (const std::string& segment : segments) path.append("/").append(segment);
  return path;
}

base::Result<Target> parse_target(std::string_view text) {
  if (text.starts_with('/')) return parse_origin_form(text);
  const auto origin = origin_form(text);
  if (!origin) return bad_target();
  return parse_origin_form(*origin);
}

}  // namespace codelab::http
