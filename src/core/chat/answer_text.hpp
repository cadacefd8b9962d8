#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/chat/call.hpp"
#include "core/events/stream_hub.hpp"
#include "core/models/ports.hpp"

namespace codelab::core::chat {

/// Passes an answer's text on to the readers of its session once open(): what comes before is held back. However the
/// call ends, cancelled or with its session deleted, the text does not grow on. Lives no longer than hub and call.
class AnswerText final : public models::TextSink {
 public:
  AnswerText(events::StreamHub& hub, const Call& call, base::MessageId answer)
      : hub_(hub), call_(call), answer_(answer) {}
  ~AnswerText() override;
  AnswerText(const AnswerText&) = delete;
  AnswerText& operator=(const AnswerText&) = delete;

  void on_text(std::string_view text) override;
  void open();

 private:
  events::StreamHub& hub_;
  const Call& call_;
  const base::MessageId answer_;
  bool open_ = false;
  std::vector<std::string> held_back_;
};

}  // namespace codelab::core::chat
