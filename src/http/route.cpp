#include "http/route.hpp"

#include <boost/algorithm/string/predicate.hpp>

#include "base/describe/parse_json.hpp"

namespace codelab::http {
namespace {

/// `application/json`, with or without parameters, or any `application/…+json`.
bool is_json(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return boost::algorithm::iequals(type, "application/json") ||
         (boost::algorithm::istarts_with(type, "application/") && boost::algorithm::iends_with(type, "+json"));
}

/// A body as it was meant, not packed by anything.
bool is_plain(const Request& request) {
  const std::string coding = request.headers.joined("Content-Encoding");
  return coding.empty() || boost::algorithm::iequals(coding, "identity");
}

}  // namespace

base::Result<boost::json::value> json_body(const Request& request) {
  if (!is_json(request.headers.get("Content-Type"))) {
    return base::make_error(base::ErrorCode::unsupported_media_type, "send the body as application/json");
  }
  if (!is_plain(request)) {
    return base::make_error(base::ErrorCode::unsupported_media_type, "send the body without a Content-Encoding");
  }
  return base::parse_json(request.body);
}

}  // namespace codelab::http
