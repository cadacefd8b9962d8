#pragma once

#include <string_view>

#include "base/error.hpp"
#include "core/chat/values.hpp"

namespace codelab::http {

/// The error that a failed or cancelled task ended with: the one that its caller gets, now or when the post is
/// repeated.
base::Error task_failure(const core::chat::Task& task);
/// The same from the payload of its TASK_FAILED or TASK_CANCELLED event.
base::Error task_failure(std::string_view payload);

}  // namespace codelab::http
