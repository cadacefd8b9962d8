#include "core/identity/jwt.hpp"

#include <array>
#include <optional>

#include <fmt/format.h>

#include "core/identity/base64url.hpp"
#include "core/identity/flat_object.hpp"

namespace codelab::core::identity {
namespace {

/// The parts of `header.claims.signature`, as they stand in the token.
struct TokenParts {
  std::string_view header;
  std::string_view claims;
  std::string_view signature;
  std::string_view signed_text;
};

base::Error refusal(std::string_view why = "the access token is not valid") {
  return base::make_error(base::ErrorCode::token_invalid, std::string(why));
}

std::optional<TokenParts> split(std::string_view token) {
  if (token.size() > kMaxTokenBytes) return std::nullopt;
  const auto first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  return TokenParts{.header = token.substr(0, first),
                    .claims = token.substr(first + 1, second - first - 1),
                    .signature = token.substr(second + 1),
                    .signed_text = token.substr(0, second)};
}

std::optional<FlatObject> decode_object(std::string_view part) {
  const auto json = decode_base64url(part);
  if (!json) return std::nullopt;
  return FlatObject::parse(*json);
}

/// The key that the header names, if the header agrees with it. An extension that we must understand (`crit`) is one
/// that we do not.
const JwtKey* key_for(const JwtKeys& keys, std::string_view encoded_header) {
  if (const JwtKey* key = keys.find_by_header(encoded_header)) return key;
  const auto header = decode_object(encoded_header);
  if (!header || header->contains("crit")) return nullptr;
  const std::string* algorithm = header->text("alg");
  const std::string* kid = header->text("kid");
  if (algorithm == nullptr || *algorithm != JwtKey::kAlgorithm || kid == nullptr) return nullptr;
  const std::string* type = header->text("typ");
  if (header->contains("typ") && (type == nullptr || *type != "JWT")) return nullptr;
  return keys.find(*kid);
}

template <class Id>
std::optional<Id> id_of(const FlatObject& claims, std::string_view name) {
  const std::string* text = claims.text(name);
  return text == nullptr ? std::nullopt : Id::parse(*text);
}

bool equals(const std::string* text, std::string_view expected) { return text != nullptr && *text == expected; }

std::optional<AccessClaims> read_claims(const FlatObject& claims) {
  const auto user = id_of<base::UserId>(claims, "sub");
  const auto session = id_of<base::AuthSessionId>(claims, "sid");
  const auto token_id = id_of<AccessTokenId>(claims, "jti");
  const auto issued_at = claims.integer("iat");
  const auto not_before = claims.integer("nbf");
  const auto expires_at = claims.integer("exp");
  if (!equals(claims.text("iss"), kTokenIssuer) || !equals(claims.text("aud"), kTokenAudience)) return std::nullopt;
  if (!user || !session || !token_id) return std::nullopt;
  if (!issued_at || !not_before || !expires_at) return std::nullopt;
  return AccessClaims{*user, *session, *token_id, *issued_at, *not_before, *expires_at};
}

}  // namespace

std::string sign_access_token(const JwtKeys& keys, const AccessClaims& claims) {
  const std::string json =
      fmt::format(R"({{"iss":"{}","aud":"{}","sub":"{}","sid":"{}","jti":"{}","iat":{},"nbf":{},"exp":{}}})",
                  kTokenIssuer, kTokenAudience, claims.user.str(), claims.session.str(), claims.token_id.str(),
                  claims.issued_at, claims.not_before, claims.expires_at);
  const JwtKey& key = keys.signing();
  std::string token = key.encoded_header() + "." + encode_base64url(json);
  const JwtKey::Mac mac = key.mac(token);
  token.push_back('.');
  token += encode_base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
  return token;
}

base::Result<AccessClaims> verify_access_token(const JwtKeys& keys, std::string_view token, base::Timestamp now) {
  const auto parts = split(token);
  if (!parts) return refusal();
  const JwtKey* key = key_for(keys, parts->header);
  const auto signature = decode_base64url(parts->signature);
  if (key == nullptr || !signature || !key->verifies(parts->signed_text, *signature)) return refusal();
  const auto object = decode_object(parts->claims);
  if (!object) return refusal();
  auto claims = read_claims(*object);
  if (!claims) return refusal();
  const std::int64_t seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  if (claims->expires_at <= seconds) return refusal("the access token has expired");
  const std::int64_t latest = seconds + kClockLeeway.count();
  if (claims->not_before > latest || claims->issued_at > latest) return refusal("the access token is not valid yet");
  return *claims;
}

}  // namespace codelab::core::identity
