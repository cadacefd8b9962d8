#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/task.hpp"

namespace codelab::infra::postgres {

/// Where a server is and as whom to log in: a libpq connection string or URI, e.g. "postgresql://app@db/codelab".
/// Several hosts may be named; the first that answers (as target_session_attrs asks) is taken.
class Address {
 public:
  /// Adds keep-alives, an application name and UTF-8 where the text says nothing of them. Throws base::StoreError for
  /// what is not a connection string.
  explicit Address(const std::string& text);

  /// The same with the addresses of its hosts, which are looked up without blocking: libpq itself would block. TLS
  /// still checks the names. Throws base::StoreError when none is known.
  base::Task<Address> resolved() const;

  using Parameter = std::pair<std::string, std::string>;
  const std::vector<Parameter>& parameters() const { return parameters_; }
  /// Empty when it is not given.
  std::string_view get(std::string_view keyword) const;
  void set(std::string_view keyword, std::string value);
  /// Host, port and database, for messages: never a password.
  std::string where() const;

 private:
  std::vector<Parameter> parameters_;
};

}  // namespace codelab::infra::postgres
