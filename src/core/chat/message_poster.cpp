#include "core/chat/message_poster.hpp"

#include <utility>

#include <boost/asio/this_coro.hpp>

#include "base/log.hpp"
#include "base/store_error.hpp"
#include "core/chat/direct_call_events.hpp"
#include "core/chat/interruption.hpp"
#include "core/chat/until_ended.hpp"
#include "core/identity/authenticator.hpp"

namespace codelab::core::chat {
namespace {

Message user_message(PostMessage& post, const base::TaskId& task, base::Timestamp now) {
  return {.id = base::MessageId::generate(),
          .session_id = post.session,
          .role = MessageRole::user,
          .content = std::move(post.content),
          .task_id = task,
          .created_at = now};
}

Task new_task(const Message& request, const Target& target, bool runs) {
  return {.id = *request.task_id,
          .session_id = request.session_id,
          .agent_id = target.agent.id,
          .agent_name = target.agent.name,
          .status = runs ? TaskStatus::running : TaskStatus::queued,
          .request_message_id = request.id,
          .created_at = request.created_at,
          .started_at = runs ? std::optional(request.created_at) : std::nullopt,
          .completed_at = std::nullopt,
          .kind = target.kind};
}

base::Error session_deleted() {
  return base::make_error(base::ErrorCode::not_found, "the task's session was deleted meanwhile");
}

base::Task<base::Result<std::optional<TaskEnd>>> find_end(TaskStore& tasks, identity::UserScope scope, base::TaskId id,
                                                          std::function<base::Task<bool>()> may_follow) {
  if (may_follow) {
    const bool allowed = co_await may_follow();
    if (!allowed) co_return identity::ended_login();
  }
  auto task = co_await tasks.find(scope, id);
  if (!task) co_return session_deleted();
  if (!is_final(task->status)) co_return std::nullopt;
  auto answer = co_await tasks.answer(scope, id);
  co_return TaskEnd{.task = std::move(*task), .answer = std::move(answer)};
}

base::Task<> run_at_once(CallRunner& runner, Call call, bus::AgentBus::Turn turn) {
  co_await runner.run(std::move(call), turn);
}

}  // namespace

base::Task<base::Result<Posted>> MessagePoster::post(identity::UserScope scope, PostMessage message,
                                                     Follower follower) {
  auto idempotency = std::move(message.idempotency);
  auto target = co_await this->target(scope, message);
  if (!target) co_return co_await follow_earlier(scope, std::move(idempotency), target.error(), follower);
  agents::CallableAgent& agent = target->agent;

  Message request = user_message(message, base::TaskId::generate(), ports_.clock.now());
  auto turn = co_await ports_.bus.enter(
      {.scope = scope, .agent = agent.id, .session = request.session_id, .task = *request.task_id}, bounds_of(agent));
  if (!turn) co_return co_await follow_earlier(scope, std::move(idempotency), turn.error(), follower);
  const bool runs = turn->has_come();
  Task task = new_task(request, *target, runs);
  auto following = co_await watch(scope, task, follower, TaskWatch::From::now);
  auto running = ports_.running.hold(task.id);
  NewCall call{
      .message = request,
      .task = task,
      .idempotency = std::move(idempotency),
      .events = {message_created(request), direct_agent_call(task), runs ? task_started(task) : task_queued(task)}};
  auto begun = co_await ports_.tasks.begin(scope, std::move(call));
  if (!begun) co_return begun.error();
  if (begun->replayed) co_return co_await follow_existing(scope, std::move(begun->task), follower);

  Call direct{.scope = scope,
              .task = task,
              .request = std::move(request),
              .agent = std::move(agent),
              .has_history = begun->message_count > 1};
  if (!start(std::move(direct), std::move(running), std::move(*turn))) {
    // What refuses the work has perhaps cancelled this request as well: its task is ended all the same.
    const bool throwing = co_await boost::asio::this_coro::throw_if_cancelled();
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    auto error = co_await end_unstarted(scope, std::move(task));
    co_await boost::asio::this_coro::throw_if_cancelled(throwing);
    co_return error;
  }
  co_return Posted{.task = std::move(task), .watch = std::move(following), .answer = std::nullopt};
}

base::Task<base::Result<Target>> MessagePoster::target(identity::UserScope scope, const PostMessage& message) {
  if (ports_.work.size() >= max_running_) {
    co_return base::make_error(base::ErrorCode::overloaded, "too many tasks run at the moment");
  }
  co_return co_await ports_.targets.of_message(scope, message.target_agent, message.content);
}

bool MessagePoster::start(Call call, RunningTasks::Hold running, bus::AgentBus::Turn turn) {
  const base::Executor home = ports_.cores.executor(ports_.cores.home_of(call.scope.user()));
  const identity::UserScope scope = call.scope;
  // By what is stored: a turn may have come since.
  const bool queued = call.task.status == TaskStatus::queued;
  auto work =
      queued ? queued_.run(std::move(call), std::move(turn)) : run_at_once(runner_, std::move(call), std::move(turn));
  return ports_.work.spawn(home, until_ended(ports_.tasks, scope, std::move(running), std::move(work)));
}

base::Task<base::Error> MessagePoster::end_unstarted(identity::UserScope scope, Task task) {
  base::Error error = interrupted("the server is shutting down and did not begin with the answer");
  task.status = TaskStatus::failed;
  task.completed_at = ports_.clock.now();
  task.error = TaskError{.code = std::string(base::name_of(error.code)), .detail = error.detail};
  std::vector<events::NewEvent> events{task_failed(task)};
  try {
    co_await ports_.tasks.end(scope, task, std::move(events));
  } catch (const base::StoreError& failure) {
    base::log::error("task_left_unfinished", {{"task_id", task.id.str()}, {"reason", failure.what()}});
  }
  co_return error;
}

/// Deltas are followed by the stream's order, and so is a task that may run in another process.
base::Task<std::shared_ptr<TaskWatch>> MessagePoster::watch(identity::UserScope scope, Task task, Follower follower,
                                                            TaskWatch::From from) {
  const base::Executor executor = co_await boost::asio::this_coro::executor;
  const auto stream = events::stream_of(task.session_id);
  const events::Interest interest{.task = task.id, .deltas = follower.deltas};
  auto subscription =
      std::make_shared<events::Subscription>(executor, interest, events::Subscription::Bounds{}, follower.login);
  const bool follows = follower.deltas || from == TaskWatch::From::its_beginning;
  if (follows) co_await ports_.hub.follow(scope, stream, subscription);
  auto look = [&tasks = ports_.tasks, scope, id = task.id, may_follow = std::move(follower.may_follow)] {
    return find_end(tasks, scope, id, may_follow);
  };
  co_return std::make_shared<TaskWatch>(ports_.hub, scope, stream, task.id, std::move(subscription), from,
                                        std::move(look));
}

base::Task<base::Result<Posted>> MessagePoster::follow_earlier(identity::UserScope scope,
                                                               std::optional<IdempotencyKey> idempotency,
                                                               base::Error refusal, Follower follower) {
  if (!idempotency) co_return refusal;
  auto earlier = co_await ports_.tasks.earlier(scope, std::move(*idempotency), ports_.clock.now());
  if (!earlier) co_return earlier.error();
  if (!*earlier) co_return refusal;
  co_return co_await follow_existing(scope, std::move(**earlier), follower);
}

/// Watches first and looks afterwards, so that an end between the two is seen by one of them.
base::Task<base::Result<Posted>> MessagePoster::follow_existing(identity::UserScope scope, Task task,
                                                                Follower follower) {
  auto following = co_await watch(scope, task, std::move(follower), TaskWatch::From::its_beginning);
  auto current = co_await ports_.tasks.find(scope, task.id);
  if (!current) co_return base::make_error(base::ErrorCode::not_found, "the first post's session was deleted");
  if (!is_final(current->status)) co_return Posted{std::move(*current), std::move(following), std::nullopt};
  auto answer = co_await ports_.tasks.answer(scope, current->id);
  co_return Posted{std::move(*current), nullptr, std::move(answer)};
}

}  // namespace codelab::core::chat
