#pragma once

#include "base/clock.hpp"
#include "core/chat/ports.hpp"

namespace codelab::core::chat {

/// Ends every task that a process which is gone left unfinished, as failed with code `interrupted`, so that nobody
/// waits for it. Run once at start, before requests are taken. Returns how many there were.
base::Task<std::int64_t> fail_interrupted_tasks(TaskStore& tasks, const base::Clock& clock);

}  // namespace codelab::core::chat
