#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/describe/fields.hpp"
#include "base/result.hpp"

namespace codelab::core::identity {

inline constexpr std::size_t kMinEmailBytes = 3;
inline constexpr std::size_t kMaxEmailBytes = 254;
inline constexpr std::size_t kMinPasswordBytes = 8;
inline constexpr std::size_t kMaxPasswordBytes = 1024;

/// The body of registering and of logging in. Its bounds are checked by the use cases, which operators reach too.
struct Credentials {
  std::string email;
  std::string password;

  static constexpr std::string_view kName = "Credentials";
  static constexpr auto describe() {
    using base::field;
    return base::fields(
        field("email", &Credentials::email, {.required = true, .doc = "3 to 254 bytes; its case does not count."}),
        field("password", &Credentials::password, {.required = true, .doc = "8 to 1024 bytes."}));
  }
};

/// The body of refreshing and of logging out.
struct RefreshRequest {
  std::string refresh_token;

  static constexpr std::string_view kName = "RefreshRequest";
  static constexpr auto describe() {
    return base::fields(base::field("refresh_token", &RefreshRequest::refresh_token, {.required = true}));
  }
};

/// Trimmed and in lower case (ASCII): the one spelling under which a user is stored and found.
std::string normalized_email(std::string_view email);
/// Of a normalized address: one `@`, something before it, a domain with a dot inside, no space or control character.
std::optional<std::string> fault_of_email(std::string_view email);
std::optional<std::string> fault_of_password(std::string_view password);

/// With the address normalized. Errors: validation_failed, each fault located.
base::Result<Credentials> checked_registration(Credentials credentials);
/// As above, but any non-empty password up to the greatest length passes: the rules may have been others when the user
/// registered.
base::Result<Credentials> checked_login(Credentials credentials);

}  // namespace codelab::core::identity
