#pragma once

#include <string>
#include <vector>

#include "core/identity/ports.hpp"

namespace codelab::tests {

/// Hashes by prefixing. Remembers which hashes were verified, and can play the overloaded one.
class PlainPasswordHasher final : public core::identity::PasswordHasher {
 public:
  std::vector<std::string> verified;
  bool overloaded = false;

  base::Task<base::Result<std::string>> hash(std::string password) override {
    if (overloaded) co_return refusal();
    co_return "plain:" + password;
  }
  base::Task<base::Result<bool>> verify(std::string hash, std::string password) override {
    if (overloaded) co_return refusal();
    verified.push_back(hash);
    co_return hash == "plain:" + password;
  }

 private:
  static base::Error refusal() { return base::make_error(base::ErrorCode::overloaded, "busy"); }
};

}  // namespace codelab::tests
