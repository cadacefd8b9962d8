#pragma once

#include <expected>
#include <utility>

#include "base/error.hpp"

namespace codelab::base {

/// The outcome of a call whose failure the caller is meant to handle. Broken infrastructure throws instead.
/// An Error converts to it, so that `return error;` and `co_return result.error();` read as they should.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
  using Base = std::expected<T, Error>;

 public:
  using Base::Base;
  Result() = default;
  Result(Error error) : Base(std::unexpected(std::move(error))) {}  // NOLINT(google-explicit-constructor)
};

}  // namespace codelab::base
