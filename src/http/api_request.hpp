#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/identity/authenticator.hpp"
#include "core/page.hpp"
#include "http/message.hpp"
#include "http/parameter.hpp"
#include "http/target.hpp"

namespace codelab::http {

/// A routed request.
struct ApiRequest {
  Request raw;
  Target target;
  /// What stands in the place of `{name}` in the route's path.
  std::vector<std::pair<std::string_view, std::string>> params;
  std::string trace_id;

  std::string_view param(std::string_view name) const;
};

/// A request whose sender is known: the only thing that yields a UserScope, and the only kind that `/my` routes take.
struct UserRequest : ApiRequest {
  core::identity::Identity identity;

  const core::identity::UserScope& scope() const { return identity.scope; }
};

/// A whole number of the query, for a parameter with bounds; their start when it is not there. Errors:
/// validation_failed, located.
base::Result<std::int64_t> query_number(const ApiRequest& request, const Parameter& parameter);
/// `limit` (1 to 200, 50) and `cursor`. Errors: validation_failed, located.
base::Result<core::PageRequest> page_of(const ApiRequest& request);

/// An error of one query parameter.
base::Error query_fault(std::string_view name, std::string msg);

/// The id in the path, for objects that are only known by id: what is no UUID names nothing, so the error is `code`.
template <class Id>
base::Result<Id> path_id(const ApiRequest& request, std::string_view name, base::ErrorCode code) {
  const auto id = Id::parse(request.param(name));
  if (!id) return base::make_error(code, "there is no such object");
  return *id;
}

/// The id in the query; nothing when it is not there. Errors: validation_failed, located.
template <class Id>
base::Result<std::optional<Id>> query_id(const ApiRequest& request, const Parameter& parameter) {
  const auto text = request.target.find(parameter.name);
  if (!text) return std::optional<Id>{};
  const std::optional<Id> id = Id::parse(*text);
  if (!id) return query_fault(parameter.name, "must be a UUID");
  return id;
}

}  // namespace codelab::http
