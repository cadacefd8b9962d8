#include "infra/openai/provider_config.hpp"

#include <algorithm>
#include <utility>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace codelab::infra::openai {
namespace {

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

}  // namespace

base::Result<ProviderConfig> validated(ProviderConfig config) {
  base::Error error = base::make_error(base::ErrorCode::validation_failed, "the model provider's settings cannot work");
  const auto require = [&error](bool good, const char* field, const char* message) {
    if (!good) error.fields.push_back({{field}, message});
  };
  require(is_usable_url(config.base_url), "base_url",
          "must be an http or https URL with a host and without user, query or fragment");
  require(!has_control_characters(config.api_key), "api_key", "must not contain line breaks or control characters");
  require(!config.model.empty(), "model", "must not be empty");
  require(config.call_deadline.count() > 0, "call_deadline", "must be more than 0");
  require(config.max_in_flight > 0, "max_in_flight", "must be at least 1");
  require(config.max_answer_bytes > 0, "max_answer_bytes", "must be at least 1");
  require(config.retry.max_attempts > 0, "retry.max_attempts", "must be at least 1");
  if (!error.fields.empty()) return error;
  return config;
}

std::string endpoint(std::string_view base_url, std::string_view path) {
  while (base_url.ends_with('/')) base_url.remove_suffix(1);
  return std::string(base_url).append(path);
}

}  // namespace codelab::infra::openai
