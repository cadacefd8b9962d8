#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace codelab::config {

/// The origins of a list that commas separate, without the spaces around them.
std::vector<std::string> split_origins(std::string_view list);

/// What is wrong with `origin`, in words; nothing for `*` and for `scheme://host[:port]` as browsers write it. Anything
/// else would be compared with what they send and never be equal.
std::optional<std::string> fault_of_origin(std::string_view origin);

}  // namespace codelab::config
