#pragma once

#include <string>
#include <utility>

#include "base/describe/encode.hpp"
#include "core/page.hpp"
#include "http/message.hpp"

namespace codelab::http {

inline Response json_text(unsigned status, std::string text) {
  Response response{.status = status, .headers = {}, .body = std::move(text), .stream = nullptr};
  response.headers.add("Content-Type", "application/json");
  return response;
}

template <class T>
Response json(unsigned status, const T& value) {
  return json_text(status, base::encode(value));
}

/// `{items, total, next_cursor}`.
template <class T>
Response json(unsigned status, const core::Page<T>& page) {
  std::string text = "{\"items\":";
  base::encode_value(text, page.items);
  text += ",\"total\":" + std::to_string(page.total) + ",\"next_cursor\":";
  base::encode_value(text, page.next_cursor);
  text += "}";
  return json_text(status, std::move(text));
}

/// As json(), saying where what was made is found.
template <class T>
Response json_at(unsigned status, std::string location, const T& value) {
  Response response = json(status, value);
  response.headers.add("Location", std::move(location));
  return response;
}

inline Response no_content() { return {.status = 204, .headers = {}, .body = {}, .stream = nullptr}; }

}  // namespace codelab::http
