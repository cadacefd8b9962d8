#pragma once

#include <optional>
#include <string>

#include "core/chat/sessions.hpp"
#include "http/api_request.hpp"

namespace codelab::http::handlers {

struct RenameSession {
  std::string title;

  static constexpr std::string_view kName = "RenameSession";
  static constexpr auto describe() {
    return base::fields(base::field("title", &RenameSession::title, {.required = true, .max_length = 200}));
  }
};

struct NewSession {
  std::string title;

  static constexpr std::string_view kName = "NewSession";
  static constexpr auto describe() {
    return base::fields(base::field("title", &NewSession::title, {.max_length = 200}));
  }
};

/// /my/chat/sessions/*.
class SessionHandlers {
 public:
  explicit SessionHandlers(core::chat::Sessions& sessions) : sessions_(sessions) {}

  base::Task<Response> create(UserRequest request, std::optional<NewSession> body);
  base::Task<Response> list(UserRequest request);
  base::Task<Response> get(UserRequest request);
  base::Task<Response> rename(UserRequest request, RenameSession changed);
  base::Task<Response> erase(UserRequest request);

 private:
  core::chat::Sessions& sessions_;
};

/// The session in the path. Errors: session_not_found.
base::Result<base::SessionId> session_in_path(const ApiRequest& request);

}  // namespace codelab::http::handlers
