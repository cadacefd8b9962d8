#pragma once

#include <string>

#include "http/message.hpp"

namespace codelab::http {

/// The trace that a request belongs to, 32 hexadecimal digits: that of a valid `traceparent` (W3C Trace Context), else
/// a fresh one.
std::string trace_id_of(const Request& request);

}  // namespace codelab::http
