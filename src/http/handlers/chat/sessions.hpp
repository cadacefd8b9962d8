#pragma once

#include "core/chat/sessions.hpp"
#include "http/api_request.hpp"

namespace codelab::http::handlers {

/// The body of creating or renaming a session.
struct SessionTitle {
  std::string title;

  static constexpr std::string_view kName = "SessionTitle";
  static constexpr auto describe() {
    return base::fields(base::field("title", &SessionTitle::title, {.max_length = 200}));
  }
};

/// /my/chat/sessions/*.
class SessionHandlers {
 public:
  explicit SessionHandlers(core::chat::Sessions& sessions) : sessions_(sessions) {}

  /// The body may be absent.
  base::Task<Response> create(UserRequest request);
  base::Task<Response> list(UserRequest request);
  base::Task<Response> get(UserRequest request);
  base::Task<Response> rename(UserRequest request, SessionTitle title);
  base::Task<Response> erase(UserRequest request);

 private:
  core::chat::Sessions& sessions_;
};

/// The session in the path. Errors: session_not_found.
base::Result<base::SessionId> session_in_path(const ApiRequest& request);

}  // namespace codelab::http::handlers
