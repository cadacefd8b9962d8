#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/identity/base64url.hpp"
#include "core/identity/flat_object.hpp"
#include "core/identity/jwt.hpp"
#include "core/identity/jwt_keys.hpp"
#include "core/identity/refresh_token.hpp"

/// The first byte of the input says what the rest is: `t` a token as it comes, `h` the header and `c` the claims of a
/// well-signed token, `k` a list of secrets, anything else a refresh token and a text in base64url.
namespace codelab::core::identity {
namespace {

constexpr std::string_view kSecret = "a-secret-that-only-this-fuzzer-knows";
const base::Timestamp kNow = base::from_micros(1'800'000'000'000'000);

void require(bool holds) {
  if (!holds) std::abort();
}

const JwtKeys& keys() {
  static const JwtKeys live = *JwtKeys::create({{.kid = "k", .secret = std::string(kSecret)}});
  return live;
}

std::string signed_token(std::string_view header, std::string_view claims) {
  const std::string text = encode_base64url(header) + "." + encode_base64url(claims);
  const JwtKey::Mac mac = keys().signing().mac(text);
  return text + "." + encode_base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

/// What is accepted keeps the promises of the contract, and no other text is accepted in its place.
void check_token(const std::string& token) {
  const auto claims = verify_access_token(keys(), token, kNow);
  if (!claims) {
    require(claims.error().code == base::ErrorCode::token_invalid);
    return;
  }
  const std::int64_t now = base::to_micros(kNow) / 1'000'000;
  require(token.size() <= kMaxTokenBytes && claims->expires_at > now && claims->not_before <= now + 5);
  require(!verify_access_token(keys(), token + "A", kNow) && !verify_access_token(keys(), token + ".", kNow));
  const AccessClaims again = *verify_access_token(keys(), sign_access_token(keys(), *claims), kNow);
  require(again.user == claims->user && again.session == claims->session && again.token_id == claims->token_id);
}

void check_texts(std::string_view text) {
  if (const auto bytes = decode_base64url(text)) require(encode_base64url(*bytes) == text);
  require(decode_base64url(encode_base64url(text)) == text);
  if (const auto token = RefreshToken::parse(text)) require(token->text() == text && token->hash().size() == 64);
  static_cast<void>(FlatObject::parse(text));
}

void check_secrets(std::string_view text) {
  const auto parsed = JwtKeys::parse(text);
  if (parsed) require(parsed->find(parsed->signing().kid()) == &parsed->signing());
}

void check(char kind, std::string_view rest) {
  switch (kind) {
    case 't':
      return check_token(std::string(rest));
    case 'h':
      return check_token(signed_token(rest, R"({"iss":"codelab","aud":"codelab-api"})"));
    case 'c':
      return check_token(signed_token(R"({"alg":"HS256","kid":"k"})", rest));
    case 'k':
      return check_secrets(rest);
    default:
      return check_texts(rest);
  }
}

}  // namespace
}  // namespace codelab::core::identity

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  codelab::core::identity::check(input.front(), input.substr(1));
  return 0;
}
