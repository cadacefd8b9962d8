#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace codelab::config {

/// One of the databases that users are spread over, beside `main`.
struct Shard {
  std::string name;
  std::string address;
  /// Empty: `address` migrates too.
  std::string migration_address;
};

struct NamedAddress {
  std::string name;
  std::string address;
};

/// Reads `name=address;name=address`; an address may hold further '='. What is wrong with it is added to `faults`, in
/// words that begin with `where` and repeat no address, which may hold a password.
std::vector<NamedAddress> named_addresses(std::string_view text, std::string_view where,
                                          std::vector<std::string>& faults);

}  // namespace codelab::config
