#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace codelab::core::orchestration {

/// A list of node ids as stores keep it: a JSON array of strings.
std::string to_json(const std::vector<std::string>& ids);
/// Throws base::StoreError for a text that is none.
std::vector<std::string> ids_from_json(std::string_view json);

}  // namespace codelab::core::orchestration
