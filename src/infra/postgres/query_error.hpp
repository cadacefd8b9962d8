#pragma once

#include <string>

#include "base/store_error.hpp"

struct pg_result;

namespace codelab::infra::postgres {

/// The server refused or cancelled a statement: its SQLSTATE and its words. The connection goes on.
class QueryError : public base::StoreError {
 public:
  QueryError(std::string sqlstate, const std::string& message) : StoreError(message), sqlstate_(std::move(sqlstate)) {}
  const std::string& sqlstate() const { return sqlstate_; }

 private:
  std::string sqlstate_;
};

/// What a failed `result` of `statement` says, with advice for an operator where its code tells. Parameters never
/// stand in it.
QueryError query_error(const pg_result* result, const char* statement);

}  // namespace codelab::infra::postgres
