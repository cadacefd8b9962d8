#include "infra/postgres/query_error.hpp"

#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "infra/postgres/libpq.hpp"

namespace codelab::infra::postgres {
namespace {

using Advice = std::pair<std::string_view, std::string_view>;

constexpr std::array kAdvice{
    Advice{"25006", "the server is a standby: point storage at the primary"},
    Advice{"26000", "a pooler stands between that loses prepared statements: turn prepared statements off"},
    Advice{"42501", "the role lacks a right: see docs/postgres.md for the roles"},
    Advice{"42883", "a function is missing: run the migrations"},
    Advice{"42704", "the role or the table is not there: run the migrations"},
    Advice{"42P01", "a table is missing: run the migrations"},
    Advice{"42P05", "a pooler stands between that shares prepared statements: turn prepared statements off"},
    Advice{"53100", "the server's disk is full"},
    Advice{"53300", "the server has no connection left: raise its max_connections or lower ours"},
    Advice{"55P03", "another transaction held a row past the lock timeout"},
    Advice{"57014", "the statement ran past its timeout"},
};

std::string_view advice_for(std::string_view sqlstate) {
  for (const auto& [code, advice] : kAdvice) {
    if (code == sqlstate) return advice;
  }
  return {};
}

std::string_view field_of(const pg_result* result, int field) {
  const char* text = PQresultErrorField(result, field);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

}  // namespace

QueryError query_error(const pg_result* result, const char* statement) {
  const std::string sqlstate(field_of(result, PG_DIAG_SQLSTATE));
  const auto advice = advice_for(sqlstate);
  return {sqlstate,
          fmt::format("postgres: {} (SQLSTATE {}){}{}; in: {:.120}", field_of(result, PG_DIAG_MESSAGE_PRIMARY),
                      sqlstate, advice.empty() ? "" : "; ", advice, statement)};
}

std::string reason_of(const PGconn* connection) {
  std::string reason = connection == nullptr ? "out of memory" : PQerrorMessage(connection);
  while (!reason.empty() && reason.back() == '\n') reason.pop_back();
  for (char& letter : reason) {
    if (letter == '\n') letter = ' ';
  }
  return reason;
}

}  // namespace codelab::infra::postgres
