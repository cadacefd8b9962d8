#include "infra/openai/provider_error.hpp"

#include <array>
#include <cctype>

#include <boost/json.hpp>

#include "infra/openai/utf8_joiner.hpp"

namespace codelab::infra::openai {
namespace json = boost::json;

namespace {

constexpr std::string_view kMask = "[key]";

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  if (found == nullptr) return {};
  if (const json::string* text = found->if_string()) return std::string(*text);
  if (found->is_int64() || found->is_uint64()) return json::serialize(*found);
  return {};
}

ProviderError from_object(const json::object& object) {
  return {.message = text_of(object, "message"),
          .type = text_of(object, "type"),
          .code = text_of(object, "code"),
          .param = text_of(object, "param")};
}

ProviderError from_text(std::string_view message) {
  ProviderError error;
  error.message = message;
  return error;
}

void mask_all(std::string& text, std::string_view secret) {
  if (secret.empty()) return;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + kMask.size())) {
    text.replace(at, secret.size(), kMask);
  }
}

bool belongs_to_key(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '*' || c == '.';
}

/// Providers repeat a refused key in part ("sk-abc***xyz").
void mask_look_alikes(std::string& text) {
  constexpr std::string_view kPrefix = "sk-";
  for (auto at = text.find(kPrefix); at != std::string::npos; at = text.find(kPrefix, at)) {
    const bool inside_word = at > 0 && std::isalnum(static_cast<unsigned char>(text[at - 1])) != 0;
    auto end = at + kPrefix.size();
    while (end < text.size() && belongs_to_key(text[end])) ++end;
    if (inside_word || end - at < 8) {
      at = end;
      continue;
    }
    text.replace(at, end - at, kMask);
    at += kMask.size();
  }
}

std::string first_characters(std::string_view text, std::size_t count) {
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    const bool begins_character = (static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80U;
    if (begins_character && count-- == 0) break;
  }
  return std::string(text.substr(0, end));
}

}  // namespace

bool ProviderError::transient() const {
  if (code == "429" || (code.size() == 3 && code.front() == '5')) return true;
  for (const std::string_view word : {"rate_limit", "overloaded", "server_error", "timeout", "unavailable"}) {
    if (type.find(word) != std::string::npos || code.find(word) != std::string::npos) return true;
  }
  return false;
}

std::optional<ProviderError> find_provider_error(const json::value& document, bool strict) {
  const json::object* object = document.if_object();
  if (object == nullptr) return std::nullopt;
  if (const json::value* error = object->if_contains("error"); error != nullptr && !error->is_null()) {
    if (const json::object* fields = error->if_object()) return from_object(*fields);
    if (const json::string* text = error->if_string()) return from_text(*text);
    return ProviderError{};
  }
  if (strict) return std::nullopt;
  for (const std::string_view name : {"detail", "message"}) {
    const json::value* found = object->if_contains(name);
    if (found == nullptr) continue;
    return from_text(found->is_string() ? std::string(found->get_string()) : json::serialize(*found));
  }
  return std::nullopt;
}

ProviderError read_provider_error(std::string_view body) {
  boost::system::error_code failure;
  const json::value document = json::parse(body, failure);
  if (!failure) return find_provider_error(document, false).value_or(ProviderError{});
  const auto first = body.find_first_not_of(" \t\r\n");
  // A proxy's page of HTML says nothing to a user.
  if (first == std::string_view::npos || body[first] == '<') return {};
  const std::string_view rest = body.substr(first);
  return from_text(rest.substr(0, rest.find_first_of("\r\n")));
}

std::string public_text(std::string_view message, std::string_view api_key, std::size_t max_characters) {
  std::string text;
  Utf8Joiner joiner;
  joiner.append(message, text);
  joiner.flush(text);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  mask_all(text, api_key);
  mask_look_alikes(text);
  return first_characters(text, max_characters);
}

}  // namespace codelab::infra::openai
