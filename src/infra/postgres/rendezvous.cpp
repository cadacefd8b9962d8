#include "infra/postgres/rendezvous.hpp"

#include <algorithm>

namespace codelab::infra::postgres {
namespace {

/// Every bit of the input moves about half of the output's: the finalizer of SplitMix64 (Steele, Lea and Flood, "Fast
/// splittable pseudorandom number generators", OOPSLA 2014).
std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

/// The first of these bytes is the highest of the number.
std::uint64_t number_of(std::span<const std::uint8_t> bytes) {
  std::uint64_t number = 0;
  for (const std::uint8_t byte : bytes) number = number << 8 | byte;
  return number;
}

}  // namespace

std::uint64_t draw(const base::UserId& user, std::string_view shard) {
  const std::span<const std::uint8_t> id(user.bytes);
  std::uint64_t weight = mixed(mixed(number_of(id.first<8>())) ^ number_of(id.last<8>()));
  for (const char letter : shard) weight = mixed(weight ^ static_cast<std::uint8_t>(letter));
  return weight;
}

std::size_t drawn_to(const base::UserId& user, std::span<const std::string> shards) {
  const auto most = std::ranges::max_element(shards, {}, [&](const std::string& shard) { return draw(user, shard); });
  return static_cast<std::size_t>(most - shards.begin());
}

}  // namespace codelab::infra::postgres
