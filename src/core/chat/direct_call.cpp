#include "core/chat/direct_call.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "base/log.hpp"
#include "base/store_error.hpp"
#include "core/chat/direct_call_events.hpp"

namespace codelab::core::chat {
namespace {

constexpr std::int64_t kHistoryMessages = 200;
constexpr std::chrono::seconds kBeginAgainAfter{2};

/// Passes the answer's text on to readers once open(): what comes before is held back. However the call ends, cancelled
/// or with its session deleted, the text does not grow on.
class HubSink final : public models::TextSink {
 public:
  HubSink(events::StreamHub& hub, const DirectCall& call, base::MessageId answer)
      : hub_(hub), call_(call), answer_(answer) {}
  ~HubSink() override {
    if (open_) hub_.end_text(call_.scope, {call_.task.session_id.bytes}, answer_);
  }
  HubSink(const HubSink&) = delete;
  HubSink& operator=(const HubSink&) = delete;

  void on_text(std::string_view text) override {
    if (!open_) {
      held_back_.emplace_back(text);
    } else {
      hub_.append_text(call_.scope, {call_.task.session_id.bytes}, answer_, text);
    }
  }
  void open() {
    open_ = true;
    hub_.begin_text(call_.scope, {call_.task.session_id.bytes}, call_.task.id, call_.agent.name, answer_);
    for (const auto& piece : std::exchange(held_back_, {})) on_text(piece);
  }

 private:
  events::StreamHub& hub_;
  const DirectCall& call_;
  const base::MessageId answer_;
  bool open_ = false;
  std::vector<std::string> held_back_;
};

/// Ends an attempt whose task is no longer there to be answered.
struct TaskGone {};

models::CompletionRequest completion_request(const DirectCall& call, Prompt prompt) {
  return {.model = call.agent.config.model,
          .messages = std::move(prompt.messages),
          .temperature = call.agent.config.temperature,
          .max_tokens = call.agent.config.max_tokens};
}

/// Readers get the answer's text once they know what it rests on.
base::Task<bool> tell_context(TaskStore& tasks, const DirectCall& call, events::NewEvent event, HubSink& sink) {
  std::vector<events::NewEvent> events{std::move(event)};
  const bool wanted = co_await tasks.append(call.scope, call.task, std::move(events));
  if (!wanted) throw TaskGone();
  sink.open();
  co_return true;
}

/// The model need not wait until the context is stored; if that fails, what it failed with is thrown and the model is
/// stopped.
base::Task<base::Result<models::Completion>> complete_beside(base::Task<bool> telling,
                                                             base::Task<base::Result<models::Completion>> completing) {
  using boost::asio::experimental::awaitable_operators::operator&&;
  try {
    auto [told, completion] = co_await (std::move(telling) && std::move(completing));
    co_return std::move(completion);
  } catch (const boost::asio::multiple_exceptions& both) {
    std::rethrow_exception(both.first_exception());
  }
}

void log_outcome(const identity::UserScope& scope, const Task& task) {
  const auto level = task.error ? base::log::Level::warning : base::log::Level::info;
  if (!base::log::enabled(level)) return;
  base::log::write(level, "task_ended",
                   {{"task_id", task.id.str()},
                    {"user_id", scope.user().str()},
                    {"session_id", task.session_id.str()},
                    {"agent_id", task.agent_id.str()},
                    {"status", base::name_of(task.status)},
                    {"code", task.error ? task.error->code : ""}});
}

}  // namespace

base::Task<bool> DirectCallRunner::begin(DirectCall& call, std::int64_t attempt) {
  call.task.status = TaskStatus::running;
  call.task.started_at = ports_.clock.now();
  boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
  for (;;) {
    try {
      std::vector<events::NewEvent> events{task_started(call.task, attempt)};
      co_return co_await ports_.tasks.append(call.scope, call.task, std::move(events));
    } catch (const base::StoreError& failure) {
      base::log::warning("task_start_not_stored", {{"task_id", call.task.id.str()}, {"reason", failure.what()}});
    }
    pause.expires_after(kBeginAgainAfter);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
}

base::Task<> DirectCallRunner::run(DirectCall call) {
  auto error = co_await guarded_attempt(call);
  if (!error) co_return;
  co_await fail(call, std::move(*error));
}

/// Broken infrastructure becomes the task's error here, at the task's edge; its reason goes to the log alone.
base::Task<std::optional<base::Error>> DirectCallRunner::guarded_attempt(const DirectCall& call) {
  bool away = false;
  try {
    co_return co_await attempt(call);
  } catch (const TaskGone&) {
    co_return std::nullopt;
  } catch (const base::StoreError& failure) {
    base::log::error("task_broken", {{"task_id", call.task.id.str()}, {"reason", failure.what()}});
    away = true;
  } catch (const boost::system::system_error& failure) {
    // Cancelled with the whole process: nothing can be awaited any more, another process takes the task over.
    if (failure.code() == boost::asio::error::operation_aborted) throw;
    base::log::error("task_broken", {{"task_id", call.task.id.str()}, {"reason", failure.what()}});
  } catch (const std::exception& failure) {
    base::log::error("task_broken", {{"task_id", call.task.id.str()}, {"reason", failure.what()}});
  }
  if (away) co_return base::make_error(base::ErrorCode::store_unavailable, "a store did not answer; try again");
  co_return base::make_error(base::ErrorCode::internal, "the task broke off inside the server");
}

base::Task<std::optional<base::Error>> DirectCallRunner::attempt(const DirectCall& call) {
  Context context = co_await retrieve(call);
  PromptParts parts{.system_prompt = call.agent.config.system_prompt,
                    .memories = context.memories,
                    .history = std::move(context.history),
                    .agent_name = call.agent.name,
                    .message = call.request.content,
                    .token_budget = std::max(context_tokens_ / 4, context_tokens_ - call.agent.config.max_tokens)};
  Prompt prompt = build_prompt(std::move(parts));
  auto context_event =
      context_retrieved(call.task, context.memories, prompt, context.memory_error ? context.memory_error->detail : "");

  const auto answer_id = base::MessageId::generate();
  HubSink sink(ports_.hub, call, answer_id);
  auto request = completion_request(call, std::move(prompt));
  auto told = tell_context(ports_.tasks, call, std::move(context_event), sink);
  auto completion = co_await complete_beside(std::move(told), ports_.model.complete(std::move(request), sink));
  if (!completion) co_return completion.error();

  Message answer = answer_message(call, answer_id, std::move(*completion));
  std::string content = answer.content;
  const bool completed = co_await complete(call, std::move(answer));
  if (completed) co_await ports_.interactions.remember(call.scope, call.agent, call.request, std::move(content));
  co_return std::nullopt;
}

base::Task<DirectCallRunner::Context> DirectCallRunner::retrieve(const DirectCall& call) {
  Context context;
  if (call.has_history) {
    context.history =
        co_await ports_.messages.history(call.scope, call.task.session_id, call.request.id, kHistoryMessages);
  }
  const auto& config = call.agent.config.memory;
  if (!config.enabled) co_return context;
  memory::Search search{.text = call.request.content, .top_k = config.top_k, .min_score = config.min_score};
  try {
    auto found = co_await ports_.memory.search(call.scope, call.agent.id, std::move(search));
    if (found) context.memories = std::move(*found);
    if (!found) context.memory_error = found.error();
  } catch (const base::StoreError& failure) {
    base::log::warning("memory_not_searched", {{"task_id", call.task.id.str()}, {"reason", failure.what()}});
    context.memory_error = base::make_error(base::ErrorCode::store_unavailable, "memory is away at the moment");
  }
  co_return context;
}

Message DirectCallRunner::answer_message(const DirectCall& call, base::MessageId id,
                                         models::Completion completion) const {
  const models::TokenCounts& tokens = completion.tokens;
  return {.id = id,
          .session_id = call.task.session_id,
          .role = MessageRole::assistant,
          .content = std::move(completion.text),
          .agent_id = call.agent.id,
          .agent_name = call.agent.name,
          .task_id = call.task.id,
          .model = completion.model,
          .usage = Usage{.prompt_tokens = tokens.prompt_tokens,
                         .completion_tokens = tokens.completion_tokens,
                         .cost_usd = ports_.prices.cost_usd(completion.model, tokens)},
          .created_at = ports_.clock.now()};
}

base::Task<bool> DirectCallRunner::complete(const DirectCall& call, Message answer) {
  Task task = call.task;
  task.status = TaskStatus::completed;
  task.message_id = answer.id;
  task.completed_at = answer.created_at;
  co_return co_await store_end(call, std::move(task), std::move(answer));
}

base::Task<> DirectCallRunner::fail(const DirectCall& call, base::Error error) {
  Task task = call.task;
  task.status = TaskStatus::failed;
  task.completed_at = ports_.clock.now();
  task.error = TaskError{.code = std::string(base::name_of(error.code)),
                         .detail = std::move(error.detail),
                         .retry_after = error.retry_after};
  co_await store_end(call, std::move(task), std::nullopt);
}

base::Task<std::optional<bool>> DirectCallRunner::try_store_end(const DirectCall& call, const Task& task,
                                                                const std::optional<Message>& answer) {
  std::string reason;
  try {
    bool stored = false;
    if (answer) {
      std::vector<events::NewEvent> events{message_created(*answer), task_completed(task, *answer)};
      const auto memory_due = ports_.interactions.due(call.agent, answer->content);
      stored = co_await ports_.tasks.complete(call.scope, task, *answer, std::move(events), memory_due);
    } else {
      std::vector<events::NewEvent> events{task_failed(task)};
      stored = co_await ports_.tasks.end(call.scope, task, std::move(events));
    }
    if (stored) log_outcome(call.scope, task);
    co_return stored;
  } catch (const base::StoreError& failure) {
    reason = failure.what();
  }
  base::log::warning("task_end_not_stored", {{"task_id", task.id.str()}, {"reason", reason}});
  co_return std::nullopt;
}

/// Storing an end twice is no danger: a task that has ended refuses it.
base::Task<bool> DirectCallRunner::store_end(const DirectCall& call, Task task, std::optional<Message> answer) {
  const base::Executor executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer pause(executor);
  for (std::size_t retry = 0; retry < end_retries_.size(); ++retry) {
    const auto stored = co_await try_store_end(call, task, answer);
    if (stored) co_return *stored;
    pause.expires_after(end_retries_.wait(retry));
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  const auto stored = co_await try_store_end(call, task, answer);
  if (!stored) base::log::error("task_left_unfinished", {{"task_id", task.id.str()}});
  co_return stored.value_or(false);
}

}  // namespace codelab::core::chat
