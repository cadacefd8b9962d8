#include "infra/openai/embedding_answer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

namespace codelab::infra::openai {
namespace json = boost::json;

namespace {

using Vector = std::vector<float>;

static_assert(std::endian::native == std::endian::little, "base64 vectors are copied as they are");

base::Error bad_answer(std::string detail) {
  return base::make_error(base::ErrorCode::model_failed, "the embedding provider's answer " + std::move(detail));
}

constexpr std::array<std::int8_t, 256> make_base64_values() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}

std::optional<std::string> decode_base64(std::string_view text) {
  static constexpr auto kValues = make_base64_values();
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto value = kValues[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xFFU);
  }
  return bytes;
}

std::optional<Vector> from_base64(std::string_view text) {
  const auto bytes = decode_base64(text);
  if (!bytes || bytes->size() % sizeof(float) != 0) return std::nullopt;
  Vector values(bytes->size() / sizeof(float));
  std::memcpy(values.data(), bytes->data(), bytes->size());
  return values;
}

std::optional<Vector> from_numbers(const json::array& numbers) {
  Vector values;
  values.reserve(numbers.size());
  for (const json::value& number : numbers) {
    if (!number.is_number()) return std::nullopt;
    values.push_back(static_cast<float>(number.to_number<double>()));
  }
  return values;
}

std::optional<Vector> read_vector(const json::object& entry) {
  const json::value* found = entry.if_contains("embedding");
  if (found == nullptr) return std::nullopt;
  if (const json::string* text = found->if_string()) return from_base64(*text);
  if (const json::array* numbers = found->if_array()) return from_numbers(*numbers);
  return std::nullopt;
}

/// false when there is no direction in it.
bool normalise(Vector& values) {
  double squares = 0;
  for (const float value : values) squares += static_cast<double>(value) * value;
  const double length = std::sqrt(squares);
  if (!std::isfinite(length) || length <= 0) return false;
  for (float& value : values) value = static_cast<float>(value / length);
  return true;
}

std::optional<std::size_t> index_of(const json::object& entry, std::size_t position) {
  const json::value* found = entry.if_contains("index");
  if (found == nullptr) return position;
  if (!found->is_int64() || found->get_int64() < 0) return std::nullopt;
  return static_cast<std::size_t>(found->get_int64());
}

std::int64_t prompt_tokens(const json::object& answer) {
  const json::value* usage = answer.if_contains("usage");
  if (usage == nullptr || !usage->is_object()) return 0;
  const json::value* count = usage->get_object().if_contains("prompt_tokens");
  return count != nullptr && count->is_int64() ? std::max<std::int64_t>(count->get_int64(), 0) : 0;
}

/// Puts one entry of `data` in its place.
std::optional<base::Error> place(const json::value& value, std::size_t position, std::vector<Vector>& vectors) {
  const json::object* entry = value.if_object();
  auto vector = entry != nullptr ? read_vector(*entry) : std::nullopt;
  if (!vector) return bad_answer(fmt::format("has no readable vector at {}", position));
  const auto index = index_of(*entry, position);
  if (!index || *index >= vectors.size() || !vectors[*index].empty()) {
    return bad_answer(fmt::format("has a wrong index at {}", position));
  }
  if (!normalise(*vector)) return bad_answer(fmt::format("has a vector without direction at {}", position));
  vectors[*index] = std::move(*vector);
  return std::nullopt;
}

}  // namespace

base::Result<EmbeddingAnswer> read_embedding_answer(std::string_view body, std::size_t expected) {
  boost::system::error_code failure;
  json::monotonic_resource memory;
  const json::value document = json::parse(body, failure, &memory);
  if (failure || !document.is_object()) return bad_answer("is not JSON");
  const json::value* data = document.get_object().if_contains("data");
  if (data == nullptr || !data->is_array()) return bad_answer("has no list `data`");
  const json::array& entries = data->get_array();
  if (entries.size() != expected) {
    return bad_answer(fmt::format("has {} vectors for {} texts", entries.size(), expected));
  }
  EmbeddingAnswer answer;
  answer.vectors.resize(expected);
  for (std::size_t i = 0; i < expected; ++i) {
    if (auto error = place(entries[i], i, answer.vectors)) return *error;
  }
  const auto differs = [&](const Vector& each) { return each.size() != answer.vectors.front().size(); };
  if (std::ranges::any_of(answer.vectors, differs)) return bad_answer("has vectors of different dimensions");
  answer.tokens.prompt_tokens = prompt_tokens(document.get_object());
  return answer;
}

}  // namespace codelab::infra::openai
