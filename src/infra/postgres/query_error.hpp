#pragma once

#include <string>

#include "base/store_error.hpp"

struct pg_result;

namespace codelab::infra::postgres {

/// The server refused or cancelled a statement: its SQLSTATE and its words. The connection goes on, unless
/// knows_other_statements().
class QueryError : public base::StoreError {
 public:
  QueryError(std::string sqlstate, const std::string& message) : StoreError(message), sqlstate_(std::move(sqlstate)) {}
  const std::string& sqlstate() const { return sqlstate_; }
  /// What the server has prepared for this connection is not what the connection has prepared: it would fail again.
  bool knows_other_statements() const { return sqlstate_ == "26000" || sqlstate_ == "42P05"; }

 private:
  std::string sqlstate_;
};

/// What a failed `result` of `statement` says, with advice for an operator where its code tells. Parameters never
/// stand in it.
QueryError query_error(const pg_result* result, const char* statement);

}  // namespace codelab::infra::postgres
