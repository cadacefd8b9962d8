#include "infra/postgres/batch.hpp"

#include <bit>
#include <iterator>

#include <boost/endian/conversion.hpp>

namespace codelab::infra::postgres {
namespace {

/// From the server's pg_type.dat: these never change.
constexpr unsigned kBytea = 17;
constexpr unsigned kInt8 = 20;
constexpr unsigned kText = 25;
constexpr unsigned kFloat8 = 701;
constexpr unsigned kInt8Array = 1016;
constexpr unsigned kUuid = 2950;
constexpr unsigned kUuidArray = 2951;

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

template <class Value>
std::string_view bytes_of(const Value& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

/// An integer as the wire has it.
template <class Value>
void append_big_endian(std::string& out, Value value) {
  const auto wire = boost::endian::native_to_big(value);
  out += bytes_of(wire);
}

/// Of an array of one dimension that counts from 1, no nulls.
std::string array_head(unsigned type, std::size_t count) {
  std::string head;
  for (const std::int32_t word : {1, 0, static_cast<int>(type), static_cast<int>(count), 1}) {
    append_big_endian(head, word);
  }
  return head;
}

std::string without_nul(std::string_view text) {
  std::string clean;
  for (const char letter : text) {
    if (letter == '\0') {
      clean += kReplacement;
    } else {
      clean.push_back(letter);
    }
  }
  return clean;
}

}  // namespace

void Parameters::add(std::int64_t value) {
  const auto wire = boost::endian::native_to_big(value);
  add_bytes(kInt8, bytes_of(wire));
}

void Parameters::add(double value) {
  const auto wire = boost::endian::native_to_big(std::bit_cast<std::uint64_t>(value));
  add_bytes(kFloat8, bytes_of(wire));
}

void Parameters::add(std::string_view text) {
  if (text.find('\0') == std::string_view::npos) {
    add_bytes(kText, text);
  } else {
    add_bytes(kText, without_nul(text));
  }
}

void Parameters::add(std::span<const std::byte> bytes) {
  add_bytes(kBytea, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void Parameters::add(const std::vector<std::int64_t>& values) {
  std::string array = array_head(kInt8, values.size());
  for (const auto value : values) {
    append_big_endian(array, static_cast<std::int32_t>(sizeof value));
    append_big_endian(array, value);
  }
  add_bytes(kInt8Array, array);
}

void Parameters::add_uuid(const base::UuidBytes& bytes) { add_bytes(kUuid, bytes_of(bytes)); }

void Parameters::append_uuid(std::string& elements, const base::UuidBytes& bytes) {
  append_big_endian(elements, static_cast<std::int32_t>(sizeof bytes));
  elements += bytes_of(bytes);
}

void Parameters::add_uuids(std::size_t count, const std::string& elements) {
  add_bytes(kUuidArray, array_head(kUuid, count) + elements);
}

void Parameters::add_bytes(unsigned type, std::string_view bytes) {
  values_.push_back({.type = type, .begin = bytes_.size(), .size = bytes.size()});
  bytes_ += bytes;
}

void Batch::append(Batch other) {
  statements_.insert(statements_.end(), std::make_move_iterator(other.statements_.begin()),
                     std::make_move_iterator(other.statements_.end()));
}

}  // namespace codelab::infra::postgres
