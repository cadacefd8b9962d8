#pragma once

#include <string_view>

#include "base/error.hpp"
#include "http/message.hpp"

namespace codelab::http {

/// RFC 9457 `application/problem+json`: {type, title, status, detail, code, errors?, trace_id}. The one place where an
/// error becomes a status, with the headers that belong to it (Retry-After, WWW-Authenticate).
Response problem(const base::Error& error, std::string_view trace_id);
unsigned status_of(base::ErrorCode code);

}  // namespace codelab::http
