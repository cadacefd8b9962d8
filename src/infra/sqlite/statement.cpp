#include "infra/sqlite/statement.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/describe/parse_json.hpp"
#include "base/store_error.hpp"
#include "infra/sqlite/sqlite_api.hpp"

namespace codelab::infra::sqlite {
namespace {

void check_bind(sqlite3_stmt* statement, int code) { check(sqlite3_db_handle(statement), code, "bind"); }

}  // namespace

void bind_null(sqlite3_stmt* statement, int index) { check_bind(statement, sqlite3_bind_null(statement, index + 1)); }

void bind_one(sqlite3_stmt* statement, int index, std::int64_t value) {
  check_bind(statement, sqlite3_bind_int64(statement, index + 1, value));
}

void bind_one(sqlite3_stmt* statement, int index, double value) {
  check_bind(statement, sqlite3_bind_double(statement, index + 1, value));
}

void bind_one(sqlite3_stmt* statement, int index, std::string_view text) {
  const char* data = text.empty() ? "" : text.data();
  check_bind(statement, sqlite3_bind_text64(statement, index + 1, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void bind_one(sqlite3_stmt* statement, int index, Blob bytes) {
  const void* data = bytes.empty() ? static_cast<const void*>("") : bytes.data();
  check_bind(statement, sqlite3_bind_blob64(statement, index + 1, data, bytes.size(), SQLITE_STATIC));
}

void bind_pointer(sqlite3_stmt* statement, int index, void* pointer, const char* type) {
  check_bind(statement, sqlite3_bind_pointer(statement, index + 1, pointer, type, nullptr));
}

bool is_null(sqlite3_stmt* statement, int column) { return sqlite3_column_type(statement, column) == SQLITE_NULL; }

void read_one(sqlite3_stmt* statement, int column, std::int64_t& out) { out = sqlite3_column_int64(statement, column); }

void read_one(sqlite3_stmt* statement, int column, bool& out) { out = sqlite3_column_int64(statement, column) != 0; }

void read_one(sqlite3_stmt* statement, int column, double& out) { out = sqlite3_column_double(statement, column); }

void read_one(sqlite3_stmt* statement, int column, std::string_view& out) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  out = text == nullptr ? std::string_view()
                        : std::string_view(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
}

void read_one(sqlite3_stmt* statement, int column, std::string& out) {
  std::string_view text;
  read_one(statement, column, text);
  out = text;
}

void read_one(sqlite3_stmt* statement, int column, Blob& out) {
  const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement, column));
  out = {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

void read_one(sqlite3_stmt* statement, int column, base::UuidBytes& out) {
  Blob bytes;
  read_one(statement, column, bytes);
  if (bytes.size() != out.size()) throw base::StoreError("sqlite: a stored id does not have 16 bytes");
  std::memcpy(out.data(), bytes.data(), out.size());
}

void read_one(sqlite3_stmt* statement, int column, boost::json::object& out) {
  std::string_view text;
  read_one(statement, column, text);
  auto value = base::parse_json(text);
  if (!value || !value->is_object()) throw base::StoreError("sqlite: a stored object is not JSON");
  out = std::move(value->get_object());
}

void throw_unknown_name(std::string_view name) {
  throw base::StoreError(fmt::format("sqlite: a stored name is not known: {}", name));
}

Rows::~Rows() {
  if (statement_ != nullptr) sqlite3_reset(statement_);
}

bool Rows::next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) throw_sqlite_error(sqlite3_db_handle(statement_), code, sqlite3_sql(statement_));
  return false;
}

}  // namespace codelab::infra::sqlite
