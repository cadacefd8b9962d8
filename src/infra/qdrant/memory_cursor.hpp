#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace codelab::infra::qdrant {

/// Where a list of memories goes on: at the moment that the last one shown was made, without those of that moment that
/// were shown. Its text is `<microseconds>:<id>[,<id>...]`.
struct MemoryCursor {
  std::int64_t at = 0;
  std::vector<std::string> shown;

  /// Nullopt for what is no cursor: such a list begins anew.
  static std::optional<MemoryCursor> parse(const std::optional<std::string>& text);
  std::string str() const;
};

}  // namespace codelab::infra::qdrant
