#pragma once

#include "core/identity/accounts.hpp"
#include "http/api_request.hpp"

namespace codelab::http::handlers {

/// /auth/* and /my/profile.
class AccountHandlers {
 public:
  explicit AccountHandlers(core::identity::Accounts& accounts) : accounts_(accounts) {}

  base::Task<Response> register_user(ApiRequest request, core::identity::Credentials credentials);
  base::Task<Response> login(ApiRequest request, core::identity::Credentials credentials);
  base::Task<Response> refresh(ApiRequest request, core::identity::RefreshRequest token);
  base::Task<Response> logout(ApiRequest request, core::identity::RefreshRequest token);
  base::Task<Response> profile(UserRequest request);
  base::Task<Response> erase(UserRequest request);

 private:
  core::identity::Accounts& accounts_;
};

}  // namespace codelab::http::handlers
