#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace codelab::http {

struct Bounds {
  std::int64_t minimum;
  std::int64_t maximum;
  /// What holds when the parameter is not there.
  std::int64_t start;
};

/// A parameter of the query or of the header: what a request is checked by and what the API document says of it.
struct Parameter {
  std::string_view name;
  std::string_view doc;
  bool required = false;
  /// It is a whole number within these.
  std::optional<Bounds> bounds = {};
  /// 0: any length.
  std::size_t max_bytes = 0;
  /// As JSON Schema names it.
  std::string_view format = {};
  /// The values that it may have; empty: any.
  std::span<const std::string_view> choices = {};
};

}  // namespace codelab::http
