#pragma once

#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "core/chat/ports.hpp"

namespace codelab::core::chat {

/// The error of a task that the end of a process cut off: `what` happened, and what to do. Its Idempotency-Key stays
/// used: the call may have reached the model, and nothing runs twice under one key.
base::Error interrupted(std::string_view what);

/// Ends every task that a process which is gone left unfinished, as failed with code `interrupted`, so that nobody
/// waits for it. Run once at start, before requests are taken. Returns how many there were.
base::Task<std::int64_t> fail_interrupted_tasks(TaskStore& tasks, const base::Clock& clock);

}  // namespace codelab::core::chat
