#include "app/operator.hpp"

#include <iostream>
#include <optional>

#include <fmt/format.h>

#include "app/platform.hpp"
#include "app/run_task.hpp"
#include "core/identity/credentials.hpp"

namespace codelab::app {
namespace {

template <class T>
int report(const base::Result<T>& result, std::string_view done) {
  if (result) {
    fmt::print("{}\n", done);
    return 0;
  }
  fmt::print(stderr, "{}\n", result.error().detail);
  for (const base::FieldError& fault : result.error().fields) {
    fmt::print(stderr, "{}: {}\n", fmt::join(fault.loc, "."), fault.msg);
  }
  return 1;
}

std::optional<core::identity::User> find_user(Platform& platform, const std::string& email) {
  auto address = core::identity::normalized_email(email);
  auto found = run_task(platform.cores.executor(0), platform.storage->users().find_by_email(std::move(address)));
  if (found) return found->user;
  fmt::print(stderr, "there is no user {}\n", email);
  return std::nullopt;
}

}  // namespace

int add_user(const config::Settings& settings, const OperatorOptions& options) {
  core::identity::Credentials credentials{.email = options.email};
  std::getline(std::cin, credentials.password);
  Platform platform(settings);
  platform.cores.start();
  const auto user = run_task(platform.cores.executor(0), platform.accounts.add_user(std::move(credentials)));
  return report(user, "added " + options.email);
}

int list_users(const config::Settings& settings) {
  Platform platform(settings);
  platform.cores.start();
  for (const auto& user : run_task(platform.cores.executor(0), platform.storage->users().list())) {
    fmt::print("{}  {}  {}\n", user.id.str(), base::to_rfc3339(user.created_at), user.email);
  }
  return 0;
}

int erase_user(const config::Settings& settings, const OperatorOptions& options) {
  Platform platform(settings);
  platform.cores.start();
  const auto user = find_user(platform, options.email);
  if (!user) return 1;
  const auto scope = core::identity::ScopeIssuer::open(user->id);
  run_task(platform.cores.executor(0), platform.accounts.erase(scope));
  fmt::print("erased {}\n", options.email);
  return 0;
}

int mint_token(const config::Settings& settings, const OperatorOptions& options) {
  Platform platform(settings);
  platform.cores.start();
  const auto user = find_user(platform, options.email);
  if (!user) return 1;
  const auto tokens = run_task(platform.cores.executor(0), platform.tokens.open(*user));
  fmt::print("{}\n", tokens.access_token);
  return 0;
}

}  // namespace codelab::app
