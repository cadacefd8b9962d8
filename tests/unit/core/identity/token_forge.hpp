#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/ids.hpp"
#include "core/identity/base64url.hpp"
#include "core/identity/jwt.hpp"
#include "core/identity/jwt_keys.hpp"

namespace codelab::tests {

inline constexpr std::string_view kSecretOne = "first-secret-of-more-than-32-bytes-0001";
inline constexpr std::string_view kSecretTwo = "second-secret-of-more-than-32-bytes-002";

/// `one` signs, `two` is live too.
inline core::identity::JwtKeys two_keys() {
  return *core::identity::JwtKeys::create(
      {{.kid = "one", .secret = std::string(kSecretOne)}, {.kid = "two", .secret = std::string(kSecretTwo)}});
}

/// Tokens made by hand: right as they stand, and wrong in whatever a test changes.
struct TokenForge {
  explicit TokenForge(base::Timestamp now) {
    const std::int64_t seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    header = {{"alg", "HS256"}, {"typ", "JWT"}, {"kid", "one"}};
    claims = {{"iss", "codelab"},
              {"aud", "codelab-api"},
              {"sub", user.str()},
              {"sid", session.str()},
              {"jti", core::identity::AccessTokenId::generate().str()},
              {"iat", seconds},
              {"nbf", seconds},
              {"exp", seconds + 1800}};
  }

  static std::string encode(std::string_view text) { return core::identity::encode_base64url(text); }
  /// Signs the two texts as they stand, with any secret, even an empty one.
  static std::string sign(std::string_view header_json, std::string_view claims_json, std::string_view secret) {
    return sign_parts(encode(header_json), encode(claims_json), secret);
  }
  static std::string sign_parts(const std::string& header_part, const std::string& claims_part,
                                std::string_view secret) {
    const std::string text = header_part + "." + claims_part;
    const auto mac = core::identity::JwtKey("any", secret).mac(text);
    return text + "." + encode({reinterpret_cast<const char*>(mac.data()), mac.size()});
  }
  std::string sign(std::string_view secret = kSecretOne) const {
    return sign(boost::json::serialize(header), boost::json::serialize(claims), secret);
  }
  std::string unsigned_text() const {
    return encode(boost::json::serialize(header)) + "." + encode(boost::json::serialize(claims));
  }

  base::UserId user = base::UserId::generate();
  base::AuthSessionId session = base::AuthSessionId::generate();
  boost::json::object header;
  boost::json::object claims;
};

}  // namespace codelab::tests
