#include "core/identity/accounts.hpp"

#include "core/agents/starter_team.hpp"

namespace codelab::core::identity {
namespace {

using base::ErrorCode;
using base::make_error;

base::Error email_taken() { return make_error(ErrorCode::email_taken, "this e-mail address is registered already"); }

}  // namespace

Accounts::Accounts(UserStore& users, PasswordHasher& hasher, TokenService& tokens, AuthSessions& sessions,
                   const base::Clock& clock, AccountRules rules)
    : users_(users), hasher_(hasher), tokens_(tokens), sessions_(sessions), clock_(clock), rules_(std::move(rules)) {}

base::Task<base::Result<TokenPair>> Accounts::register_user(Credentials credentials) {
  if (!rules_.registration_open) {
    co_return make_error(ErrorCode::registration_closed, "this server does not take registrations");
  }
  const base::Result<User> user = co_await add_user(std::move(credentials));
  if (!user) co_return user.error();
  TokenPair pair = co_await tokens_.open(*user);
  co_return pair;
}

base::Task<base::Result<User>> Accounts::add_user(Credentials credentials) {
  base::Result<Credentials> checked = checked_registration(std::move(credentials));
  if (!checked) co_return checked.error();
  // A hash is dear: an address that is known to be taken does not buy one. A race for it is the store's to decide.
  const auto taken = co_await users_.find_by_email(checked->email);
  if (taken) co_return email_taken();
  base::Result<std::string> hash = co_await hasher_.hash(std::move(checked->password));
  if (!hash) co_return hash.error();
  const base::Timestamp now = clock_.now();
  UserCredentials newcomer{.user = {.id = base::UserId::generate(), .email = checked->email, .created_at = now},
                           .password_hash = std::move(*hash)};
  std::vector<agents::Agent> team = agents::starter_team(now);
  co_return co_await users_.create(std::move(newcomer), std::move(team));
}

base::Task<base::Result<TokenPair>> Accounts::login(Credentials credentials) {
  base::Result<Credentials> checked = checked_login(std::move(credentials));
  if (!checked) co_return checked.error();
  const auto found = co_await users_.find_by_email(checked->email);
  std::string hash = found ? found->password_hash : rules_.decoy_hash;
  const base::Result<bool> matches = co_await hasher_.verify(std::move(hash), std::move(checked->password));
  if (!matches) co_return matches.error();
  if (!found || !*matches) {
    co_return make_error(ErrorCode::invalid_credentials, "the e-mail address or the password is wrong");
  }
  TokenPair pair = co_await tokens_.open(found->user);
  co_return pair;
}

base::Task<base::Result<TokenPair>> Accounts::refresh(RefreshRequest request) {
  co_return co_await tokens_.renew(std::move(request.refresh_token));
}

base::Task<base::Result<base::AuthSessionId>> Accounts::logout(RefreshRequest request) {
  co_return co_await tokens_.close(std::move(request.refresh_token));
}

base::Task<base::Result<User>> Accounts::profile(UserScope scope) {
  const auto user = co_await users_.find(scope);
  if (!user) co_return make_error(ErrorCode::token_invalid, "the user of this access token is gone");
  co_return *user;
}

base::Task<bool> Accounts::erase(UserScope scope) { co_return co_await sessions_.erase_user(scope); }

}  // namespace codelab::core::identity
