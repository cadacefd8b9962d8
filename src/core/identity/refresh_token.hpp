#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.hpp"

namespace codelab::core::identity {

/// The opaque text that a client keeps: whose it is (so that the store is asked under that user's scope) and 32 random
/// bytes, as base64url. Naming a user proves nothing: only a text whose hash the store knows does.
class RefreshToken {
 public:
  static constexpr std::size_t kTextLength = 64;

  static RefreshToken generate(const base::UserId& user);
  /// nullopt for what no generate() returned.
  static std::optional<RefreshToken> parse(std::string_view text);

  const base::UserId& user() const { return user_; }
  const std::string& text() const { return text_; }
  /// SHA-256 of the text in lower-case hex: the only form that is stored.
  std::string hash() const;

 private:
  RefreshToken(const base::UserId& user, std::string text) : user_(user), text_(std::move(text)) {}

  base::UserId user_;
  std::string text_;
};

}  // namespace codelab::core::identity
