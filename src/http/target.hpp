#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace codelab::http {

/// A request target taken apart: percent-decoded once, a trailing slash ignored.
struct Target {
  /// `/my/agents/coder` is {"my", "agents", "coder"}; `/` is empty.
  std::vector<std::string> segments;
  std::vector<std::pair<std::string, std::string>> query;

  /// The first value of that name.
  std::optional<std::string_view> find(std::string_view name) const;
  /// The decoded path, without trailing slash; "/" for the root.
  std::string path() const;
};

/// Takes the origin form and the absolute form (RFC 9112, 3.2) of http and https; the host of the latter does not
/// count. Errors: malformed_request for anything else, for bad percent-encoding, an encoded NUL or slash, or a dot
/// segment.
base::Result<Target> parse_target(std::string_view target);

}  // namespace codelab::http
