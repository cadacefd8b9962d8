#include "core/chat/answer_text.hpp"

#include <utility>

namespace codelab::core::chat {

AnswerText::~AnswerText() {
  if (open_) hub_.end_text(call_.scope, events::stream_of(call_.task.session_id), answer_);
}

void AnswerText::on_text(std::string_view text) {
  if (!open_) {
    held_back_.emplace_back(text);
  } else {
    hub_.append_text(call_.scope, events::stream_of(call_.task.session_id), answer_, text);
  }
}

void AnswerText::open() {
  open_ = true;
  hub_.begin_text(call_.scope, events::stream_of(call_.task.session_id), call_.task.id, call_.agent.name, answer_);
  for (const auto& piece : std::exchange(held_back_, {})) on_text(piece);
}

}  // namespace codelab::core::chat
