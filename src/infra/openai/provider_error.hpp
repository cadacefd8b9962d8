#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

namespace codelab::infra::openai {

/// What a provider says about a failure, as far as it says it.
struct ProviderError {
  std::string message = {};
  std::string type = {};
  /// Text or number, as text.
  std::string code = {};
  /// The request's field that it is about.
  std::string param = {};

  /// Too many requests, or trouble on the provider's side: another attempt may fare better.
  bool transient() const;
};

/// The error in a JSON document: `{"error": {...}}`, `{"error": "..."}`, `{"detail": ...}` or `{"message": "..."}`.
/// Only the first two count when `strict`. nullopt: there is none.
std::optional<ProviderError> find_provider_error(const boost::json::value& document, bool strict);

/// Reads the body of a failed answer; of one that is not JSON only its first line of plain text is kept.
ProviderError read_provider_error(std::string_view body);

/// What of `message` may be shown to a user: one line, at most `max_characters`, with `api_key` and whatever else
/// looks like a key replaced by `[key]`.
std::string public_text(std::string_view message, std::string_view api_key, std::size_t max_characters = 300);

}  // namespace codelab::infra::openai
