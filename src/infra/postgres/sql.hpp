#pragma once

namespace codelab::infra::postgres {

/// The text of one SQL statement, a string literal: a connection knows what it has prepared by its address.
struct Sql {
  consteval Sql(const char* literal) : text(literal) {}  // NOLINT(google-explicit-constructor)
  const char* text;
};

}  // namespace codelab::infra::postgres
