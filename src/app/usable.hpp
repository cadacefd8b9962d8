#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/result.hpp"

namespace codelab::app {

/// What cannot be used stops the start: throws std::runtime_error with what is wrong with `what`, in words.
template <class T>
T usable(base::Result<T> result, std::string_view what) {
  if (result) return std::move(*result);
  std::string reason = fmt::format("{}: {}", what, result.error().detail);
  for (const base::FieldError& fault : result.error().fields) {
    reason += fmt::format("; {}: {}", fmt::join(fault.loc, "."), fault.msg);
  }
  throw std::runtime_error(reason);
}

}  // namespace codelab::app
