#include "core/identity/jwt_keys.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "core/identity/base64url.hpp"

namespace codelab::core::identity {
namespace {

using base::ErrorCode;
using base::make_error;

constexpr std::size_t kMaxKidLength = 64;

using MacContext = std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)>;

MacContext owned(EVP_MAC_CTX* context) {
  if (context == nullptr) throw std::runtime_error("OpenSSL gave no HMAC context");
  return {context, &EVP_MAC_CTX_free};
}

std::shared_ptr<EVP_MAC_CTX> keyed_context(std::string_view secret) {
  const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr), &EVP_MAC_free);
  MacContext context = owned(EVP_MAC_CTX_new(hmac.get()));
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_construct_end()};
  const auto* key = reinterpret_cast<const unsigned char*>(secret.data());
  if (EVP_MAC_init(context.get(), key, secret.size(), params) != 1) throw std::runtime_error("OpenSSL refused the key");
  return context;
}

constexpr bool is_kid_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

bool is_kid(std::string_view kid) {
  return !kid.empty() && kid.size() <= kMaxKidLength && std::ranges::all_of(kid, is_kid_character);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

JwtKey::JwtKey(std::string kid, std::string_view secret)
    : kid_(std::move(kid)),
      encoded_header_(encode_base64url(fmt::format(R"({{"alg":"{}","typ":"JWT","kid":"{}"}})", kAlgorithm, kid_))),
      keyed_(keyed_context(secret)) {}

JwtKey::Mac JwtKey::mac(std::string_view text) const {
  const MacContext context = owned(EVP_MAC_CTX_dup(keyed_.get()));
  Mac mac{};
  std::size_t length = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (EVP_MAC_update(context.get(), bytes, text.size()) != 1 ||
      EVP_MAC_final(context.get(), mac.data(), &length, mac.size()) != 1 || length != mac.size()) {
    throw std::runtime_error("OpenSSL could not compute an HMAC");
  }
  return mac;
}

bool JwtKey::verifies(std::string_view text, std::string_view mac) const {
  const Mac expected = this->mac(text);
  return mac.size() == expected.size() && CRYPTO_memcmp(mac.data(), expected.data(), expected.size()) == 0;
}

base::Result<JwtKeys> JwtKeys::create(const std::vector<Secret>& secrets) {
  const auto refuse = [](std::string why) { return make_error(ErrorCode::validation_failed, std::move(why)); };
  if (secrets.empty()) return refuse("there is no token secret");
  std::vector<JwtKey> keys;
  for (const Secret& each : secrets) {
    if (!is_kid(each.kid)) {
      return refuse("a token secret's id (before the colon) must be 1 to 64 letters, digits, '_', '-' or '.'");
    }
    if (each.secret.size() < kMinSecretBytes) {
      return refuse(fmt::format("the token secret '{}' is too short: it has {} bytes and must have at least {}",
                                each.kid, each.secret.size(), kMinSecretBytes));
    }
    if (std::ranges::any_of(keys, [&](const JwtKey& key) { return key.kid() == each.kid; })) {
      return refuse(fmt::format("two token secrets have the id '{}'", each.kid));
    }
    keys.emplace_back(each.kid, each.secret);
  }
  return JwtKeys(std::move(keys));
}

base::Result<JwtKeys> JwtKeys::parse(std::string_view text) {
  std::vector<Secret> secrets;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view entry = trimmed(text.substr(begin, end - begin));
    const auto colon = entry.find(':');
    if (colon == std::string_view::npos) {
      return make_error(
          ErrorCode::validation_failed,
          fmt::format("token secrets are written kid:secret,kid:secret; entry {} has no colon", secrets.size() + 1));
    }
    secrets.push_back({std::string(entry.substr(0, colon)), std::string(entry.substr(colon + 1))});
    begin = end + 1;
  }
  return create(secrets);
}

const JwtKey* JwtKeys::find(std::string_view kid) const {
  const auto found = std::ranges::find(keys_, kid, &JwtKey::kid);
  return found == keys_.end() ? nullptr : &*found;
}

const JwtKey* JwtKeys::find_by_header(std::string_view encoded_header) const {
  const auto found = std::ranges::find(keys_, encoded_header, &JwtKey::encoded_header);
  return found == keys_.end() ? nullptr : &*found;
}

}  // namespace codelab::core::identity
