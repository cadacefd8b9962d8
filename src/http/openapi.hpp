#pragma once

#include <string>
#include <vector>

#include "http/route.hpp"

namespace codelab::http {

/// The OpenAPI 3.1 document of these routes, generated from the same tables that decode, validate and encode.
std::string openapi_document(const std::vector<Route>& routes, std::string_view version);

}  // namespace codelab::http
