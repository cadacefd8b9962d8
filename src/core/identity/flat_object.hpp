#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace codelab::core::identity {

/// A JSON object of scalars: what a token's header and claims are.
class FlatObject {
 public:
  /// monostate stands for a boolean, a null, a fraction or a number past 64 bits: none of ours is one.
  using Value = std::variant<std::monostate, std::int64_t, std::string>;

  /// Strict JSON; a name that stands twice (however escaped), a nested value, more than 64 members or anything after
  /// the object makes it nullopt.
  static std::optional<FlatObject> parse(std::string_view json);

  bool contains(std::string_view name) const { return find(name) != nullptr; }
  /// Null, or nullopt, when the member is not there or of another type.
  const std::string* text(std::string_view name) const;
  std::optional<std::int64_t> integer(std::string_view name) const;

 private:
  friend struct FlatObjectHandler;
  const Value* find(std::string_view name) const;

  std::vector<std::pair<std::string, Value>> members_;
};

}  // namespace codelab::core::identity
