#include "config/shards.hpp"

#include <algorithm>

#include <boost/algorithm/string/split.hpp>
#include <boost/algorithm/string/trim.hpp>
#include <fmt/format.h>

#include "config/settings.hpp"

namespace codelab::config {
namespace {

constexpr std::size_t kLongestName = 32;
constexpr std::string_view kMain = "main";

bool may_stand_in_a_name(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, may_stand_in_a_name);
}

std::string fault_of(const NamedAddress& each, const std::vector<NamedAddress>& before) {
  if (!is_name(each.name)) {
    return fmt::format("names a shard \"{}\": a name is 1 to {} of a-z, 0-9, - and _", each.name, kLongestName);
  }
  if (each.name == kMain) return "names a shard \"main\": that is the database of storage.database_url";
  if (std::ranges::find(before, each.name, &NamedAddress::name) != before.end()) {
    return fmt::format("names the shard \"{}\" twice", each.name);
  }
  return each.address.empty() ? fmt::format("has no address for the shard \"{}\"", each.name) : "";
}

}  // namespace

std::vector<NamedAddress> named_addresses(std::string_view text, std::string_view where,
                                          std::vector<std::string>& faults) {
  std::vector<std::string> parts;
  boost::split(parts, text, [](char letter) { return letter == ';'; });
  std::vector<NamedAddress> all;
  for (std::string& part : parts) {
    boost::trim(part);
    if (part.empty()) continue;
    const auto equals = part.find('=');
    if (equals == std::string::npos) {
      faults.push_back(fmt::format("{} must be name=address;name=address: part {} has no =", where, all.size() + 1));
      continue;
    }
    NamedAddress each{.name = part.substr(0, equals), .address = part.substr(equals + 1)};
    boost::trim(each.name);
    boost::trim(each.address);
    const std::string fault = fault_of(each, all);
    if (!fault.empty()) faults.push_back(fmt::format("{} {}", where, fault));
    all.push_back(std::move(each));
  }
  return all;
}

std::vector<Shard> Settings::shards() const {
  std::vector<std::string> faults;
  const auto owners = named_addresses(database_shard_migration_urls, "", faults);
  std::vector<Shard> all;
  for (auto& each : named_addresses(database_shards, "", faults)) {
    const auto owner = std::ranges::find(owners, each.name, &NamedAddress::name);
    all.push_back({.name = std::move(each.name),
                   .address = std::move(each.address),
                   .migration_address = owner == owners.end() ? "" : owner->address});
  }
  return all;
}

}  // namespace codelab::config
