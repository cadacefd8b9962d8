#include "infra/qdrant/options.hpp"

#include <algorithm>
#include <utility>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace codelab::infra::qdrant {
namespace {

constexpr std::size_t kMaxPrefix = 32;

bool is_usable_url(std::string_view text) {
  const auto url = boost::urls::parse_absolute_uri(boost::core::string_view(text.data(), text.size()));
  if (!url) return false;
  const auto scheme = url->scheme_id();
  const bool web = scheme == boost::urls::scheme::http || scheme == boost::urls::scheme::https;
  return web && !url->encoded_host().empty() && !url->has_query() && !url->has_userinfo();
}

bool has_control_characters(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

bool is_usable_prefix(std::string_view prefix) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return prefix.size() <= kMaxPrefix && prefix.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace

base::Result<Options> validated(Options options) {
  base::Error error = base::make_error(base::ErrorCode::validation_failed, "Qdrant's settings cannot work");
  const auto require = [&error](bool good, const char* field, const char* message) {
    if (!good) error.fields.push_back({{field}, message});
  };
  require(is_usable_url(options.url), "url",
          "must be an http or https URL with a host and without user, query or fragment");
  require(!has_control_characters(options.api_key), "api_key", "must not contain line breaks or control characters");
  require(is_usable_prefix(options.prefix), "prefix", "must be up to 32 letters, digits, _ and -");
  require(options.max_collections > 0, "max_collections", "must be at least 1");
  require(options.call_timeout.count() > 0, "call_timeout", "must be more than 0");
  require(options.search_timeout.count() > 0, "search_timeout", "must be more than 0");
  require(options.connect_timeout.count() > 0, "connect_timeout", "must be more than 0");
  require(options.retry.max_attempts > 0, "retry.max_attempts", "must be at least 1");
  require(options.max_answer_bytes > 0, "max_answer_bytes", "must be at least 1");
  if (!error.fields.empty()) return error;
  while (options.url.ends_with('/')) options.url.pop_back();
  return options;
}

}  // namespace codelab::infra::qdrant
