#include "core/identity/refresh_token.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <openssl/evp.h>
#include <sodium.h>

#include "core/identity/base64url.hpp"

namespace codelab::core::identity {
namespace {

constexpr std::size_t kIdBytes = sizeof(base::UuidBytes);
constexpr std::size_t kRandomBytes = 32;
static_assert((kIdBytes + kRandomBytes) * 4 == RefreshToken::kTextLength * 3);

}  // namespace

RefreshToken RefreshToken::generate(const base::UserId& user) {
  std::string bytes(kIdBytes + kRandomBytes, '\0');
  std::ranges::copy(user.bytes, bytes.begin());
  randombytes_buf(bytes.data() + kIdBytes, kRandomBytes);
  return {user, encode_base64url(bytes)};
}

std::optional<RefreshToken> RefreshToken::parse(std::string_view text) {
  if (text.size() != kTextLength) return std::nullopt;
  const auto bytes = decode_base64url(text);
  if (!bytes) return std::nullopt;
  base::UserId user;
  std::copy_n(bytes->begin(), kIdBytes, user.bytes.begin());
  return RefreshToken{user, std::string(text)};
}

std::string RefreshToken::hash() const {
  std::array<unsigned char, 32> digest{};
  unsigned int length = 0;
  if (EVP_Digest(text_.data(), text_.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL could not compute a SHA-256");
  }
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : digest) {
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 0x0f]);
  }
  return hex;
}

}  // namespace codelab::core::identity
