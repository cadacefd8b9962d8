#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/chat/message_poster.hpp"
#include "http/api_request.hpp"

namespace codelab::http::handlers {

struct PostMessageBody {
  std::string content;
  std::optional<std::string> target_agent;
  std::vector<boost::json::object> attachments;

  static constexpr std::string_view kName = "PostMessage";
  static constexpr auto describe() {
    using base::field;
    return base::fields(
        field("content", &PostMessageBody::content,
              {.required = true, .min_length = 1, .max_length = 262'144, .doc = "May begin with @agent_name."}),
        field("target_agent", &PostMessageBody::target_agent,
              {.min_length = 1, .max_length = 64, .doc = "An agent's name or id; wins over @agent_name."}),
        field("attachments", &PostMessageBody::attachments,
              {.max_length = 0, .doc = "None is taken yet: the models here read text."}));
  }
};

/// /my/chat/{session_id}/message(s)/.
class MessageHandlers {
 public:
  MessageHandlers(core::chat::MessagePoster& poster, core::chat::MessageStore& messages, core::chat::TaskStore& tasks,
                  core::identity::AuthSessions& logins)
      : poster_(poster), messages_(messages), tasks_(tasks), logins_(logins) {}

  base::Task<Response> list(UserRequest request);
  /// Waits for the answer, or streams its events (Accept: application/x-ndjson), or returns at once (Prefer:
  /// respond-async).
  base::Task<Response> post(UserRequest request, PostMessageBody body);

 private:
  base::Task<Response> wait(UserRequest request, core::chat::Posted posted, std::chrono::seconds patience);
  base::Task<Response> stream(UserRequest request, core::chat::Posted posted);
  base::Task<Response> after_the_wait(UserRequest request, base::TaskId task);

  core::chat::MessagePoster& poster_;
  core::chat::MessageStore& messages_;
  core::chat::TaskStore& tasks_;
  core::identity::AuthSessions& logins_;
};

}  // namespace codelab::http::handlers
