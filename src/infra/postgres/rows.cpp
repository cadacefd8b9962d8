#include "infra/postgres/rows.hpp"

#include <bit>
#include <charconv>
#include <cstring>

#include <boost/endian/conversion.hpp>
#include <fmt/format.h>

#include "base/describe/parse_json.hpp"
#include "base/store_error.hpp"
#include "infra/postgres/libpq.hpp"

namespace codelab::infra::postgres {
namespace {

template <std::size_t size>
void copy_exactly(std::string_view bytes, void* out) {
  if (bytes.size() != size) {
    throw base::StoreError(fmt::format("postgres: a column has {} bytes where {} belong", bytes.size(), size));
  }
  std::memcpy(out, bytes.data(), size);
}

template <class Value>
Value read_big_endian(std::string_view bytes) {
  Value wire;
  copy_exactly<sizeof wire>(bytes, &wire);
  return boost::endian::big_to_native(wire);
}

}  // namespace

void Rows::Clear::operator()(pg_result* result) const { PQclear(result); }

bool Rows::next() { return ++row_ < PQntuples(result_.get()); }

std::int64_t Rows::affected() const {
  const std::string_view text(PQcmdTuples(result_.get()));
  std::int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

std::string_view Rows::tag() const { return PQcmdStatus(result_.get()); }

bool Rows::is_null(int column) const { return PQgetisnull(result_.get(), row_, column) != 0; }

std::string_view Rows::bytes(int column) const {
  return {PQgetvalue(result_.get(), row_, column), static_cast<std::size_t>(PQgetlength(result_.get(), row_, column))};
}

void Rows::read_one(int column, std::int64_t& out) const { out = read_big_endian<std::int64_t>(bytes(column)); }

void Rows::read_one(int column, double& out) const {
  out = std::bit_cast<double>(read_big_endian<std::uint64_t>(bytes(column)));
}

void Rows::read_one(int column, bool& out) const { copy_exactly<1>(bytes(column), &out); }

void Rows::read_one(int column, base::UuidBytes& out) const { copy_exactly<16>(bytes(column), out.data()); }

void Rows::read_one(int column, base::Timestamp& out) const {
  std::int64_t micros = 0;
  read_one(column, micros);
  out = base::from_micros(micros);
}

void Rows::read_one(int column, boost::json::object& out) const {
  auto value = base::parse_json(bytes(column));
  if (!value || !value->is_object()) throw base::StoreError("postgres: a stored object is not JSON");
  out = std::move(value->get_object());
}

void Rows::throw_unknown_name(std::string_view name) {
  throw base::StoreError(fmt::format("postgres: a stored name is not known: {}", name));
}

}  // namespace codelab::infra::postgres
