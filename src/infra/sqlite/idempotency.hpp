#pragma once

#include <optional>

#include "base/result.hpp"
#include "core/chat/ports.hpp"
#include "infra/sqlite/connection.hpp"

namespace codelab::infra::sqlite {

/// The call that this key made in the day before `now`, nullopt when the key is fresh. Errors: idempotency_key_reused.
base::Result<std::optional<core::chat::BegunCall>> find_earlier_call(Connection& sql,
                                                                     const core::identity::UserScope& scope,
                                                                     const core::chat::IdempotencyKey& key,
                                                                     base::Timestamp now);

/// Drops this user's keys that are a day old, too.
void keep_key(Connection& sql, const core::identity::UserScope& scope, const core::chat::IdempotencyKey& key,
              const core::chat::Task& task);

}  // namespace codelab::infra::sqlite
