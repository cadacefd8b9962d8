#pragma once

#include <string>

#include "config/settings.hpp"

/// What an operator does with users from the command line. A data folder belongs to one process at a time, so with
/// SQLite these run while the server does not. Each returns an exit status and prints what it did, or what was wrong.
namespace codelab::app {

struct OperatorOptions {
  std::string email;
};

int add_user(const config::Settings& settings, const OperatorOptions& options);
int list_users(const config::Settings& settings);
int erase_user(const config::Settings& settings, const OperatorOptions& options);
int mint_token(const config::Settings& settings, const OperatorOptions& options);

}  // namespace codelab::app
