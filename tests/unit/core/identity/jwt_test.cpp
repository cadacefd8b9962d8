#include "core/identity/jwt.hpp"

#include <string>

#include <gtest/gtest.h>

#include "tests/unit/core/identity/token_forge.hpp"
#include "tests/unit/fakes/manual_clock.hpp"

namespace codelab::core::identity {
namespace {

using tests::kSecretOne;
using tests::kSecretTwo;
using tests::TokenForge;

class JwtTest : public testing::Test {
 protected:
  bool accepted(std::string_view token) const { return verify_access_token(keys_, token, clock_.now()).has_value(); }
  std::string refusal_of(std::string_view token) const {
    const auto claims = verify_access_token(keys_, token, clock_.now());
    if (claims) return "accepted";
    EXPECT_EQ(claims.error().code, base::ErrorCode::token_invalid);
    return claims.error().detail;
  }
  std::int64_t seconds() const { return base::to_micros(clock_.now()) / 1'000'000; }
  /// The genuine token with one part exchanged.
  std::string with_part(int index, const std::string& part) const {
    const std::string token = forge_.sign();
    const auto first = token.find('.');
    const auto second = token.rfind('.');
    std::string parts[] = {token.substr(0, first), token.substr(first + 1, second - first - 1),
                           token.substr(second + 1)};
    parts[index] = part;
    return parts[0] + "." + parts[1] + "." + parts[2];
  }

  tests::ManualClock clock_;
  JwtKeys keys_ = tests::two_keys();
  TokenForge forge_{clock_.now()};
};

TEST_F(JwtTest, ReadsWhatItSigned) {
  const AccessClaims claims{.user = forge_.user,
                            .session = forge_.session,
                            .token_id = AccessTokenId::generate(),
                            .issued_at = seconds(),
                            .not_before = seconds(),
                            .expires_at = seconds() + 1800};
  const auto read = verify_access_token(keys_, sign_access_token(keys_, claims), clock_.now());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->user, claims.user);
  EXPECT_EQ(read->session, claims.session);
  EXPECT_EQ(read->token_id, claims.token_id);
  EXPECT_EQ(read->issued_at, claims.issued_at);
  EXPECT_EQ(read->not_before, claims.not_before);
  EXPECT_EQ(read->expires_at, claims.expires_at);
}

TEST_F(JwtTest, AcceptsATokenMadeByHandWithAnyLiveSecret) {
  EXPECT_TRUE(accepted(forge_.sign()));
  forge_.header["kid"] = "two";
  EXPECT_TRUE(accepted(forge_.sign(kSecretTwo)));
  forge_.header.erase("typ");
  forge_.claims["name"] = "ignored";
  EXPECT_TRUE(accepted(forge_.sign(kSecretTwo)));
}

TEST_F(JwtTest, AttackAlgorithmNone) {
  for (const char* algorithm : {"none", "None", "NONE", "nOnE", ""}) {
    forge_.header["alg"] = algorithm;
    EXPECT_FALSE(accepted(forge_.unsigned_text() + ".")) << algorithm;
    EXPECT_FALSE(accepted(forge_.unsigned_text())) << algorithm;
    EXPECT_FALSE(accepted(forge_.sign())) << algorithm;
    EXPECT_FALSE(accepted(forge_.sign(""))) << algorithm;
  }
}

TEST_F(JwtTest, AttackAlgorithmConfusion) {
  for (const char* algorithm : {"RS256", "HS384", "HS512", "ES256", "hs256", "HS256 ", "PS256"}) {
    forge_.header["alg"] = algorithm;
    EXPECT_FALSE(accepted(forge_.sign())) << algorithm;
  }
  forge_.header["alg"] = boost::json::array{"HS256"};
  EXPECT_FALSE(accepted(forge_.sign()));
  forge_.header["alg"] = nullptr;
  EXPECT_FALSE(accepted(forge_.sign()));
  forge_.header.erase("alg");
  EXPECT_FALSE(accepted(forge_.sign()));
}

TEST_F(JwtTest, AttackEmptySecret) {
  EXPECT_FALSE(accepted(forge_.sign("")));
  forge_.header["kid"] = "unknown";
  EXPECT_FALSE(accepted(forge_.sign("")));
}

TEST_F(JwtTest, AttackUnknownOrWrongKey) {
  for (const char* kid : {"unknown", "", "ONE", "one ", "../one", "two"}) {
    forge_.header["kid"] = kid;
    EXPECT_FALSE(accepted(forge_.sign(kSecretOne))) << kid;
  }
  forge_.header["kid"] = 1;
  EXPECT_FALSE(accepted(forge_.sign()));
  forge_.header.erase("kid");
  EXPECT_FALSE(accepted(forge_.sign()));
  forge_.header["kid"] = "one";
  EXPECT_FALSE(accepted(forge_.sign(std::string(kSecretOne) + "x")));
  EXPECT_TRUE(accepted(forge_.sign()));
}

TEST_F(JwtTest, AttackHeaderThatAsksForMore) {
  forge_.header["crit"] = "exp";
  EXPECT_FALSE(accepted(forge_.sign()));
  forge_.header.erase("crit");
  forge_.header["typ"] = "JWE";
  EXPECT_FALSE(accepted(forge_.sign()));
  forge_.header["typ"] = "JWT";
  forge_.header["jwk"] = boost::json::object{{"kty", "oct"}, {"k", "AA"}};
  EXPECT_FALSE(accepted(forge_.sign()));
}

TEST_F(JwtTest, AttackWrongIssuer) {
  forge_.claims["iss"] = "somebody-else";
  EXPECT_FALSE(accepted(forge_.sign()));
  forge_.claims["iss"] = "codelab ";
  EXPECT_FALSE(accepted(forge_.sign()));
  forge_.claims.erase("iss");
  EXPECT_FALSE(accepted(forge_.sign()));
}

TEST_F(JwtTest, AttackMissingOrForeignAudience) {
  forge_.claims["aud"] = "another-service";
  EXPECT_FALSE(accepted(forge_.sign()));
  forge_.claims["aud"] = boost::json::array{};
  EXPECT_FALSE(accepted(forge_.sign()));
  forge_.claims["aud"] = "";
  EXPECT_FALSE(accepted(forge_.sign()));
  forge_.claims.erase("aud");
  EXPECT_FALSE(accepted(forge_.sign()));
}

TEST_F(JwtTest, EveryClaimIsNeededInItsType) {
  for (const char* name : {"iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"}) {
    for (const boost::json::value& wrong :
         {boost::json::value(nullptr), boost::json::value(true), boost::json::value(1.5),
          boost::json::value("1 OR 1=1"), boost::json::value("9999999999")}) {
      TokenForge forge(clock_.now());
      forge.claims[name] = wrong;
      EXPECT_FALSE(accepted(forge.sign())) << name << " " << wrong;
    }
    TokenForge forge(clock_.now());
    forge.claims.erase(name);
    EXPECT_FALSE(accepted(forge.sign())) << name;
  }
}

TEST_F(JwtTest, AttackExpired) {
  const std::string token = forge_.sign();
  clock_.advance(std::chrono::seconds(1799));
  EXPECT_TRUE(accepted(token));
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(refusal_of(token), "the access token has expired");
  forge_.claims["exp"] = 0;
  EXPECT_FALSE(accepted(forge_.sign()));
  forge_.claims["exp"] = -1;
  EXPECT_FALSE(accepted(forge_.sign()));
}

TEST_F(JwtTest, AttackNotYetValid) {
  for (const char* name : {"nbf", "iat"}) {
    TokenForge forge(clock_.now());
    forge.claims[name] = seconds() + 5;
    EXPECT_TRUE(accepted(forge.sign())) << name;
    forge.claims[name] = seconds() + 6;
    EXPECT_EQ(refusal_of(forge.sign()), "the access token is not valid yet") << name;
  }
}

TEST_F(JwtTest, AttackTamperedPayload) {
  boost::json::object claims = forge_.claims;
  claims["sub"] = base::UserId::generate().str();
  EXPECT_FALSE(accepted(with_part(1, TokenForge::encode(boost::json::serialize(claims)))));
  EXPECT_FALSE(accepted(with_part(1, "")));
  EXPECT_FALSE(accepted(with_part(0, "")));
}

TEST_F(JwtTest, AttackTamperedSignature) {
  const std::string token = forge_.sign();
  const auto begin = token.rfind('.') + 1;
  for (std::size_t i = begin; i < token.size(); ++i) {
    std::string tampered = token;
    tampered[i] = tampered[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(accepted(tampered)) << i;
    EXPECT_FALSE(accepted(token.substr(0, i))) << i;
  }
}

TEST_F(JwtTest, AttackRespelledSignature) {
  // 32 bytes leave two stray bits in the last character: four spellings decode alike where they are not checked.
  const std::string token = forge_.sign();
  int spellings = 0;
  for (const char last : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")) {
    if (accepted(token.substr(0, token.size() - 1) + last)) ++spellings;
  }
  EXPECT_EQ(spellings, 1);
  EXPECT_FALSE(accepted(token + "="));
}

TEST_F(JwtTest, AttackTrailingBytes) {
  const std::string token = forge_.sign();
  for (const std::string_view tail : {"A", "AAAA", " ", "\n", "%00"})
    EXPECT_FALSE(accepted(token + std::string(tail))) << tail;
  EXPECT_FALSE(accepted(token + std::string(1, '\0')));
  EXPECT_FALSE(accepted(" " + token));
  const std::string header = boost::json::serialize(forge_.header);
  const std::string claims = boost::json::serialize(forge_.claims);
  EXPECT_TRUE(accepted(TokenForge::sign(header, claims, kSecretOne)));
  EXPECT_FALSE(accepted(TokenForge::sign(header, claims + "x", kSecretOne)));
  EXPECT_FALSE(accepted(TokenForge::sign(header, claims + std::string(1, '\0'), kSecretOne)));
  EXPECT_FALSE(accepted(TokenForge::sign(header + "{}", claims, kSecretOne)));
}

TEST_F(JwtTest, AttackExtraDots) {
  const std::string token = forge_.sign();
  EXPECT_FALSE(accepted(token + "."));
  EXPECT_FALSE(accepted("." + token));
  EXPECT_FALSE(accepted(token + ".AAAA.AAAA"));
  EXPECT_FALSE(accepted(""));
  EXPECT_FALSE(accepted("."));
  EXPECT_FALSE(accepted(".."));
  EXPECT_FALSE(accepted("...."));
}

TEST_F(JwtTest, AttackVeryLongToken) {
  const auto padded = [&](std::size_t bytes) {
    forge_.claims["pad"] = std::string(bytes, 'x');
    return forge_.sign();
  };
  std::size_t bytes = 0;
  while (padded(bytes + 1).size() <= kMaxTokenBytes) ++bytes;
  EXPECT_TRUE(accepted(padded(bytes)));
  EXPECT_FALSE(accepted(padded(bytes + 3)));
  EXPECT_FALSE(accepted(std::string(1 << 20, 'A')));
  EXPECT_FALSE(accepted(std::string(1 << 20, '.')));
}

TEST_F(JwtTest, AttackDuplicateKeys) {
  const std::string header = boost::json::serialize(forge_.header);
  std::string claims = boost::json::serialize(forge_.claims);
  claims.pop_back();
  const std::string other = base::UserId::generate().str();
  EXPECT_FALSE(accepted(TokenForge::sign(header, claims + R"(,"sub":")" + other + "\"}", kSecretOne)));
  EXPECT_FALSE(accepted(TokenForge::sign(header, claims + R"(,"s\u0075b":")" + other + "\"}", kSecretOne)));
  EXPECT_FALSE(accepted(TokenForge::sign(header, claims + R"(,"exp":99999999999})", kSecretOne)));
  EXPECT_FALSE(accepted(TokenForge::sign(R"({"alg":"none","alg":"HS256","kid":"one"})", claims + "}", kSecretOne)));
  EXPECT_TRUE(accepted(TokenForge::sign(R"({"alg":"HS256","kid":"one"})", claims + "}", kSecretOne)));
}

TEST_F(JwtTest, AttackNonCanonicalBase64) {
  const std::string header = TokenForge::encode(boost::json::serialize(forge_.header));
  const std::string claims = TokenForge::encode(boost::json::serialize(forge_.claims));
  EXPECT_TRUE(accepted(TokenForge::sign_parts(header, claims, kSecretOne)));
  for (const std::string& spelling : {claims + "=", claims + "==", claims + "\n", "+" + claims, claims + "%3D"}) {
    EXPECT_FALSE(accepted(TokenForge::sign_parts(header, spelling, kSecretOne))) << spelling;
  }
  EXPECT_FALSE(accepted(TokenForge::sign_parts(header + "=", claims, kSecretOne)));
}

}  // namespace
}  // namespace codelab::core::identity
