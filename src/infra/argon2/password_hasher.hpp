#pragma once

#include <atomic>
#include <cstddef>
#include <string>

#include <boost/asio/thread_pool.hpp>

#include "core/identity/ports.hpp"

namespace codelab::infra::argon2 {

/// The default is OWASP's recommendation for Argon2id: 19 MiB, two passes, one lane. Two hashes at once hold 38 MiB,
/// only while they run. Smaller values are for tests.
struct HashingCost {
  std::size_t memory_bytes = 19UL * 1024 * 1024;
  unsigned passes = 2;
  /// Hashes computed at the same time, each on its own thread.
  std::size_t at_once = 2;
  /// Callers that may wait for a thread beside those; the next one is refused.
  std::size_t waiting = 64;
};

/// Argon2id by libsodium, in the form `$argon2id$v=19$m=...`. A stored hash is verified with the parameters that it
/// names. The coroutines that wait here must have ended before it is destroyed.
class Argon2PasswordHasher final : public core::identity::PasswordHasher {
 public:
  /// Throws std::invalid_argument for a cost that Argon2id cannot have.
  explicit Argon2PasswordHasher(HashingCost cost = {});
  ~Argon2PasswordHasher() override;

  base::Task<base::Result<std::string>> hash(std::string password) override;
  base::Task<base::Result<bool>> verify(std::string hash, std::string password) override;

  /// A hash of these parameters that no password has; made without work. It costs as much to verify as any other.
  std::string decoy_hash() const;

 private:
  class Place;

  HashingCost cost_;
  /// Callers that run or wait.
  std::atomic<std::size_t> taken_{0};
  boost::asio::thread_pool threads_;
};

}  // namespace codelab::infra::argon2
