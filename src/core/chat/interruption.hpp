#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace codelab::core::chat {

/// The error of a task that the end of a process cut off: `what` happened, and what to do. Its Idempotency-Key stays
/// used: nothing runs twice under one key.
inline base::Error interrupted(std::string_view what) {
  return base::make_error(base::ErrorCode::interrupted,
                          std::string(what) + "; post the message again, under another Idempotency-Key if it had one");
}

}  // namespace codelab::core::chat
