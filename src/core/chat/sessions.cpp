#include "core/chat/sessions.hpp"

#include <utility>

namespace codelab::core::chat {
namespace {

base::Error not_found() { return base::make_error(base::ErrorCode::session_not_found, "you have no such session"); }

}  // namespace

base::Task<Session> Sessions::create(identity::UserScope scope, std::string title) {
  const base::Timestamp now = clock_.now();
  Session session{.id = base::SessionId::generate(), .title = std::move(title), .created_at = now, .updated_at = now};
  co_return co_await store_.create(scope, std::move(session));
}

base::Task<Page<Session>> Sessions::list(identity::UserScope scope, PageRequest page) {
  co_return co_await store_.list(scope, std::move(page));
}

base::Task<base::Result<Session>> Sessions::find(identity::UserScope scope, base::SessionId session) {
  auto found = co_await store_.find(scope, session);
  if (!found) co_return not_found();
  co_return std::move(*found);
}

base::Task<base::Result<Session>> Sessions::rename(identity::UserScope scope, base::SessionId session,
                                                   std::string title) {
  co_return co_await store_.rename(scope, session, std::move(title), clock_.now());
}

base::Task<base::Result<base::SessionId>> Sessions::erase(identity::UserScope scope, base::SessionId session) {
  const bool erased = co_await store_.erase(scope, session, clock_.now());
  if (!erased) co_return not_found();
  hub_.close_stream(scope, {session.bytes});
  co_return session;
}

}  // namespace codelab::core::chat
