#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/types.h>

#include "base/result.hpp"

namespace codelab::core::identity {

/// One secret for HMAC-SHA256. The algorithm belongs to the key: a token only confirms it. Thread-safe.
class JwtKey {
 public:
  using Mac = std::array<unsigned char, 32>;
  static constexpr std::string_view kAlgorithm = "HS256";

  JwtKey(std::string kid, std::string_view secret);

  const std::string& kid() const { return kid_; }
  /// The first part of every token that this key signs.
  const std::string& encoded_header() const { return encoded_header_; }
  Mac mac(std::string_view text) const;
  /// In time that does not depend on where they differ; false when `mac` has another length.
  bool verifies(std::string_view text, std::string_view mac) const;

 private:
  std::string kid_;
  std::string encoded_header_;
  /// Already holds the key; copied for each use.
  std::shared_ptr<EVP_MAC_CTX> keyed_;
};

/// The live keys: any of them verifies, the first one signs. Immutable: thread-safe.
class JwtKeys {
 public:
  static constexpr std::size_t kMinSecretBytes = 32;
  struct Secret {
    std::string kid;
    std::string secret;
  };

  /// Errors, in words that never hold a secret: validation_failed for no key at all, a kid that is not 1-64 of
  /// letters, digits, `_`, `-`, `.`, one that stands twice, or a secret that is too short.
  static base::Result<JwtKeys> create(const std::vector<Secret>& secrets);
  /// `kid:secret,kid:secret`; a secret may hold colons, not commas. Spaces around an entry do not count.
  static base::Result<JwtKeys> parse(std::string_view text);

  const JwtKey& signing() const { return keys_.front(); }
  /// Null for an unknown kid.
  const JwtKey* find(std::string_view kid) const;
  /// The key whose own encoded header this is, letter by letter; null for every other header, right ones included.
  const JwtKey* find_by_header(std::string_view encoded_header) const;

 private:
  explicit JwtKeys(std::vector<JwtKey> keys) : keys_(std::move(keys)) {}

  std::vector<JwtKey> keys_;
};

}  // namespace codelab::core::identity
