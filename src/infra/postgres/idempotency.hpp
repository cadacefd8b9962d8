#pragma once

#include <optional>

#include "base/result.hpp"
#include "core/chat/ports.hpp"
#include "infra/postgres/transaction.hpp"

namespace codelab::infra::postgres {

/// Queues the wait for every other transaction that works with this user's key: two calls with one key never cross.
void lock_key(Transaction& tx, const core::identity::UserScope& scope, const core::chat::IdempotencyKey& key);

/// Adds the look-up of what the key made in the day before `now`, for read_earlier_call().
void find_earlier_call(Batch& batch, const core::identity::UserScope& scope, const core::chat::IdempotencyKey& key,
                       base::Timestamp now);

/// The call that this key made, nullopt when the key is fresh. Errors: idempotency_key_reused.
base::Result<std::optional<core::chat::BegunCall>> read_earlier_call(Rows found, const core::chat::IdempotencyKey& key);

/// Queues keeping the key, and dropping this user's keys that are a day old.
void keep_key(Transaction& tx, const core::identity::UserScope& scope, const core::chat::IdempotencyKey& key,
              const core::chat::Task& task);

}  // namespace codelab::infra::postgres
