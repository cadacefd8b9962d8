#include "http/handlers/chat/messages.hpp"

#include <array>

#include <boost/algorithm/string/predicate.hpp>
#include <fmt/format.h>

#include "base/sha256.hpp"
#include "http/accept.hpp"
#include "http/handlers/chat/sessions.hpp"
#include "http/json_response.hpp"
#include "http/parameters.hpp"
#include "http/problem.hpp"
#include "http/task_event_stream.hpp"
#include "http/task_failure.hpp"

namespace codelab::http::handlers {
namespace {

enum class Form : std::uint8_t { wait, stream, async };

Form form_of(const Request& request) {
  if (boost::algorithm::icontains(request.headers.joined(parameters::kPrefer.name), "respond-async"))
    return Form::async;
  static constexpr std::array<std::string_view, 2> kOffers{"application/json", "application/x-ndjson"};
  return best_offer(request.headers.joined("Accept"), kOffers) == 0 ? Form::wait : Form::stream;
}

/// The key's scope is the user; the hash covers what is asked for and where.
base::Result<std::optional<core::chat::IdempotencyKey>> idempotency_of(const UserRequest& request,
                                                                       const PostMessageBody& body) {
  constexpr const Parameter& kParameter = parameters::kIdempotencyKey;
  const std::string_view key = request.raw.headers.get(kParameter.name);
  if (key.empty()) return std::optional<core::chat::IdempotencyKey>{};
  if (key.size() > kParameter.max_bytes) {
    return base::Error{.code = base::ErrorCode::validation_failed,
                       .detail = "the request is not valid",
                       .fields = {{.loc = {"header", std::string(kParameter.name)},
                                   .msg = fmt::format("must have at most {} bytes", kParameter.max_bytes)}}};
  }
  const std::string asked = std::string(request.param("session_id")) + '\n' + base::encode(body);
  return std::optional{core::chat::IdempotencyKey{.key = std::string(key), .request_hash = base::sha256_hex(asked)}};
}

base::Error deleted_meanwhile() { return base::make_error(base::ErrorCode::not_found, "the session was deleted"); }

Response begun_task(const core::chat::Task& task) { return json_at(202, "/my/tasks/" + task.id.str(), task); }

Response ended_task(const core::chat::Posted& posted, std::string_view trace_id) {
  if (posted.answer) return json(200, *posted.answer);
  return problem(task_failure(posted.task), trace_id);
}

core::chat::PostMessage command_of(base::SessionId session, PostMessageBody body,
                                   std::optional<core::chat::IdempotencyKey> key) {
  return {.session = session,
          .content = std::move(body.content),
          .target_agent = std::move(body.target_agent),
          .idempotency = std::move(key)};
}

}  // namespace

base::Task<Response> MessageHandlers::list(UserRequest request) {
  const auto session = session_in_path(request);
  if (!session) co_return problem(session.error(), request.trace_id);
  const auto limit = query_number(request, parameters::kLimit);
  if (!limit) co_return problem(limit.error(), request.trace_id);
  const auto before = query_id<base::MessageId>(request, parameters::kBefore);
  if (!before) co_return problem(before.error(), request.trace_id);
  const Parameter& start = request.target.find(parameters::kAfter.name) ? parameters::kAfter : parameters::kCursor;
  const auto after = query_id<base::MessageId>(request, start);
  if (!after) co_return problem(after.error(), request.trace_id);
  const core::chat::MessageRange range{.limit = *limit, .before = *before, .after = *after};
  const auto page = co_await messages_.list(request.scope(), *session, range);
  if (!page) co_return problem(page.error(), request.trace_id);
  co_return json(200, *page);
}

base::Task<Response> MessageHandlers::post(UserRequest request, PostMessageBody body) {
  const auto session = session_in_path(request);
  if (!session) co_return problem(session.error(), request.trace_id);
  const auto patience = query_number(request, parameters::kWait);
  if (!patience) co_return problem(patience.error(), request.trace_id);
  auto key = idempotency_of(request, body);
  if (!key) co_return problem(key.error(), request.trace_id);

  const Form form = form_of(request.raw);
  auto may_follow = [&logins = logins_, who = request.identity] { return logins.alive(who.scope, who.session); };
  core::chat::Follower follower{
      .login = request.identity.session, .deltas = form == Form::stream, .may_follow = std::move(may_follow)};
  auto command = command_of(*session, std::move(body), std::move(*key));
  auto posted = co_await poster_.post(request.scope(), std::move(command), std::move(follower));
  if (!posted) co_return problem(posted.error(), request.trace_id);
  if (form == Form::async) {
    Response response = begun_task(posted->task);
    response.headers.add("Preference-Applied", "respond-async");
    co_return response;
  }
  if (form == Form::stream) co_return co_await stream(std::move(request), std::move(*posted));
  co_return co_await wait(std::move(request), std::move(*posted), std::chrono::seconds{*patience});
}

/// A logout while the message was taken in may have come before the watch: it is looked for, a later one closes it.
base::Task<Response> MessageHandlers::stream(UserRequest request, core::chat::Posted posted) {
  const bool alive = co_await logins_.alive(request.scope(), request.identity.session);
  if (posted.watch && !alive) posted.watch->close();
  co_return task_event_response(std::move(posted), std::move(request.trace_id));
}

base::Task<Response> MessageHandlers::wait(UserRequest request, core::chat::Posted posted,
                                           std::chrono::seconds patience) {
  if (!posted.watch) co_return ended_task(posted, request.trace_id);
  co_await posted.watch->wait(std::chrono::steady_clock::now() + patience);
  const auto& end = posted.watch->end();
  if (const auto& refusal = posted.watch->refusal()) co_return problem(*refusal, request.trace_id);
  if (!end) co_return co_await after_the_wait(std::move(request), posted.task.id);
  if (end->type == core::events::EventType::task_completed) {
    co_return json_text(200, std::string(posted.watch->message()->payload()));
  }
  co_return problem(task_failure(end->payload()), request.trace_id);
}

/// Looks at the task once more: it may have ended just as the wait did.
base::Task<Response> MessageHandlers::after_the_wait(UserRequest request, base::TaskId id) {
  auto task = co_await tasks_.find(request.scope(), id);
  if (!task) co_return problem(deleted_meanwhile(), request.trace_id);
  if (!core::chat::is_final(task->status)) co_return begun_task(*task);
  auto answer = co_await tasks_.answer(request.scope(), id);
  const core::chat::Posted ended{.task = std::move(*task), .watch = nullptr, .answer = std::move(answer)};
  co_return ended_task(ended, request.trace_id);
}

}  // namespace codelab::http::handlers
