#include "core/identity/credentials.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace codelab::core::identity {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool is_space_or_control(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; }

/// At least two labels, none of them empty.
bool is_domain(std::string_view domain) {
  return domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.') && !domain.contains("..");
}

base::Result<Credentials> checked(Credentials credentials, const std::optional<std::string>& password_fault) {
  credentials.email = normalized_email(credentials.email);
  std::vector<base::FieldError> faults;
  if (auto fault = fault_of_email(credentials.email)) faults.push_back({{"body", "email"}, std::move(*fault)});
  if (password_fault) faults.push_back({{"body", "password"}, *password_fault});
  if (faults.empty()) return credentials;
  return base::Error{
      .code = base::ErrorCode::validation_failed, .detail = "the request is not valid", .fields = std::move(faults)};
}

}  // namespace

std::string normalized_email(std::string_view email) {
  while (!email.empty() && is_space_or_control(email.front())) email.remove_prefix(1);
  while (!email.empty() && is_space_or_control(email.back())) email.remove_suffix(1);
  std::string normalized(email);
  std::ranges::transform(normalized, normalized.begin(), lower);
  return normalized;
}

std::optional<std::string> fault_of_email(std::string_view email) {
  if (email.size() < kMinEmailBytes || email.size() > kMaxEmailBytes) {
    return fmt::format("must have {} to {} bytes", kMinEmailBytes, kMaxEmailBytes);
  }
  if (std::ranges::any_of(email, is_space_or_control)) return "must not hold spaces or control characters";
  const auto at = email.find('@');
  const bool one_at = at != std::string_view::npos && at > 0 && email.find('@', at + 1) == std::string_view::npos;
  if (!one_at || !is_domain(email.substr(at + 1))) return "must be an e-mail address like name@example.com";
  return std::nullopt;
}

std::optional<std::string> fault_of_password(std::string_view password) {
  if (password.size() >= kMinPasswordBytes && password.size() <= kMaxPasswordBytes) return std::nullopt;
  return fmt::format("must have {} to {} bytes", kMinPasswordBytes, kMaxPasswordBytes);
}

base::Result<Credentials> checked_registration(Credentials credentials) {
  const auto password_fault = fault_of_password(credentials.password);
  return checked(std::move(credentials), password_fault);
}

base::Result<Credentials> checked_login(Credentials credentials) {
  std::optional<std::string> password_fault;
  if (credentials.password.empty() || credentials.password.size() > kMaxPasswordBytes) {
    password_fault = fmt::format("must have 1 to {} bytes", kMaxPasswordBytes);
  }
  return checked(std::move(credentials), password_fault);
}

}  // namespace codelab::core::identity
