#pragma once

#include <string>

#include "core/chat/message_poster.hpp"
#include "http/message.hpp"

namespace codelab::http {

/// A streamed answer: the task's events as they happen, one JSON object a line, and as the last line the assistant's
/// message, or the problem document when the task failed. Lines of the first kind have a `type`, the message has a
/// `role`, the problem a `status`. A client that goes away cancels nothing.
Response task_event_response(core::chat::Posted posted, std::string trace_id);

}  // namespace codelab::http
