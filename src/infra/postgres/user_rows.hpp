#pragma once

#include <vector>

#include "base/result.hpp"
#include "core/agents/agent.hpp"
#include "core/identity/user.hpp"
#include "infra/postgres/transaction.hpp"

namespace codelab::infra::postgres {

/// Errors: email_taken.
base::Task<base::Result<core::identity::User>> create_user(Transaction& tx, core::identity::UserCredentials credentials,
                                                           std::vector<core::agents::Agent> starter_team);
/// With everything that belongs to the user. False when there is no such user.
base::Task<bool> erase_user(Transaction& tx, core::identity::UserScope scope);

}  // namespace codelab::infra::postgres
