#include "infra/argon2/password_hasher.hpp"

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>
#include <sodium.h>

#include "base/offload.hpp"

namespace codelab::infra::argon2 {
namespace {

constexpr std::chrono::seconds kRetryAfter{1};
constexpr std::size_t kSaltBytes = crypto_pwhash_argon2id_SALTBYTES;
constexpr std::size_t kDigestBytes = 32;

base::Error overloaded() {
  return {.code = base::ErrorCode::overloaded,
          .detail = "too many passwords are being checked right now",
          .retry_after = kRetryAfter};
}

void wipe(std::string& secret) { sodium_memzero(secret.data(), secret.size()); }

/// nullopt when there is not enough memory.
std::optional<std::string> compute(const std::string& password, const HashingCost& cost) {
  std::array<char, crypto_pwhash_argon2id_STRBYTES> text{};
  if (crypto_pwhash_argon2id_str(text.data(), password.data(), password.size(), cost.passes, cost.memory_bytes) != 0) {
    return std::nullopt;
  }
  return std::string(text.data());
}

/// nullopt when there is not enough memory.
std::optional<bool> matches(const std::string& hash, const std::string& password) {
  errno = 0;
  if (crypto_pwhash_argon2id_str_verify(hash.c_str(), password.data(), password.size()) == 0) return true;
  if (errno == ENOMEM) return std::nullopt;
  return false;
}

/// The encoding inside Argon2's strings: plain base64 without padding, of random bytes.
std::string random_base64(std::size_t count) {
  std::string bytes(count, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  constexpr int kVariant = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
  std::string text(sodium_base64_encoded_len(count, kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), count, kVariant);
  text.pop_back();
  return text;
}

}  // namespace

/// Held from the call until its work is done, even when nobody waits for it any more.
class Argon2PasswordHasher::Place {
 public:
  static std::unique_ptr<Place> take(Argon2PasswordHasher& hasher) {
    auto place = std::make_unique<Place>(hasher.taken_);
    if (place->before_ >= hasher.cost_.at_once + hasher.cost_.waiting) place.reset();
    return place;
  }
  explicit Place(std::atomic<std::size_t>& taken) : taken_(taken), before_(taken.fetch_add(1)) {}
  ~Place() { taken_.fetch_sub(1); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  std::atomic<std::size_t>& taken_;
  std::size_t before_;
};

Argon2PasswordHasher::Argon2PasswordHasher(HashingCost cost) : cost_(cost), threads_(cost.at_once) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium could not be initialised");
  const bool possible = cost.at_once > 0 && cost.passes >= crypto_pwhash_argon2id_OPSLIMIT_MIN &&
                        cost.memory_bytes >= crypto_pwhash_argon2id_MEMLIMIT_MIN &&
                        cost.memory_bytes <= crypto_pwhash_argon2id_MEMLIMIT_MAX;
  if (!possible) throw std::invalid_argument("Argon2id needs a pass, a thread and at least 8 KiB of memory");
}

Argon2PasswordHasher::~Argon2PasswordHasher() {
  threads_.stop();
  threads_.join();
}

base::Task<base::Result<std::string>> Argon2PasswordHasher::hash(std::string password) {
  auto place = Place::take(*this);
  if (!place) co_return overloaded();
  auto work = [place = std::move(place), password = std::move(password), cost = cost_]() mutable {
    auto hash = compute(password, cost);
    wipe(password);
    place.reset();
    return hash;
  };
  std::optional<std::string> hash = co_await base::offload(threads_, std::move(work));
  if (!hash) co_return overloaded();
  co_return std::move(*hash);
}

base::Task<base::Result<bool>> Argon2PasswordHasher::verify(std::string hash, std::string password) {
  auto place = Place::take(*this);
  if (!place) co_return overloaded();
  auto work = [place = std::move(place), hash = std::move(hash), password = std::move(password)]() mutable {
    auto matched = matches(hash, password);
    wipe(password);
    place.reset();
    return matched;
  };
  const std::optional<bool> matched = co_await base::offload(threads_, std::move(work));
  if (!matched) co_return overloaded();
  co_return *matched;
}

std::string Argon2PasswordHasher::decoy_hash() const {
  return fmt::format("$argon2id$v=19$m={},t={},p=1${}${}", cost_.memory_bytes / 1024, cost_.passes,
                     random_base64(kSaltBytes), random_base64(kDigestBytes));
}

}  // namespace codelab::infra::argon2
