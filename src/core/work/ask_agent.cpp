#include "core/work/ask_agent.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include "base/json_text.hpp"
#include "base/outcome_of.hpp"
#include "core/agents/team.hpp"
#include "core/chat/direct_call_events.hpp"
#include "core/chat/task_lifecycle.hpp"
#include "core/chat/until_ended.hpp"
#include "core/work/tool_arguments.hpp"
#include "core/work/work_events.hpp"

namespace codelab::core::work {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Arguments {
  std::string agent;
  std::string message;

  static constexpr std::string_view kName = "AskAgentArguments";
  static constexpr auto describe() {
    using base::field;
    return base::fields(
        field("agent", &Arguments::agent, {.required = true}),
        field("message", &Arguments::message, {.required = true, .min_length = 1, .max_length = 65'536}));
  }
};

bool waits_already(const Assignment& caller, std::string_view agent) {
  return caller.agent.name == agent || std::ranges::count(caller.asked_by, agent) > 0;
}

std::string description(const std::vector<agents::TeamMember>& team) {
  std::string text =
      "Asks another agent and gives you its answer. It knows nothing of this conversation: tell it all that it needs. "
      "Ask only for what you cannot do as well yourself. The agents:";
  for (const auto& each : team) text += fmt::format("\n- {}: {}", each.name, each.description);
  return text;
}

std::string parameters(const std::vector<agents::TeamMember>& team) {
  std::string text = R"({"type":"object","properties":{"agent":{"type":"string","enum":[)";
  for (const auto& each : team) {
    if (!text.ends_with('[')) text += ',';
    base::append_json_string(text, each.name);
  }
  return text + R"(]},"message":{"type":"string","description":"The question or task, complete in itself."}},)" +
         R"("required":["agent","message"]})";
}

base::Task<> until(SteadyClock::time_point deadline) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, deadline);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

ToolResult cancelled() { return {.text = std::string(kStepCancelled), .failed = true}; }

base::Error took_too_long() {
  return base::make_error(base::ErrorCode::model_timeout, "the agent did not answer in time");
}

}  // namespace

struct AskAgent::Question {
  agents::CallableAgent agent;
  std::string message;
  chat::Task step;
};

base::Task<std::optional<models::ToolSpec>> AskAgent::spec(const Assignment& assignment) {
  if (assignment.asked_by.size() + 1 >= limits_.depth) co_return std::nullopt;
  auto team = co_await agents::team_of(ports_.agents, assignment.scope);
  std::erase_if(team, [&](const agents::TeamMember& each) { return waits_already(assignment, each.name); });
  if (team.empty()) co_return std::nullopt;
  co_return models::ToolSpec{
      .name = std::string(kToolName), .description = description(team), .parameters = parameters(team)};
}

base::Task<ToolResult> AskAgent::call(ToolUse use) {
  auto asked = co_await question(use);
  if (!asked) co_return ToolResult{.text = std::move(asked.error()), .failed = true};
  const auto deadline = SteadyClock::now() + limits_.time;
  const bus::Ticket ticket{
      .scope = use.caller.scope, .agent = asked->agent.id, .session = asked->step.session_id, .task = asked->step.id};
  auto turn = co_await ports_.bus.enter(ticket, chat::bounds_of(asked->agent));
  if (!turn) co_return ToolResult{.text = turn.error().detail, .failed = true};
  const auto came = co_await turn->come(deadline);
  // The process ends: another one will ask again.
  if (came == bus::AgentBus::Came::never) co_await until(SteadyClock::time_point::max());
  if (came == bus::AgentBus::Came::not_yet) co_return ToolResult{.text = took_too_long().detail, .failed = true};
  const bool wanted = co_await begin(use, *asked);
  if (!wanted) co_return cancelled();
  auto answered = co_await answer(use, *asked, *turn, deadline);
  co_return result(use, std::move(*asked), std::move(answered));
}

base::Task<std::expected<AskAgent::Question, std::string>> AskAgent::question(const ToolUse& use) {
  auto arguments = read_arguments<Arguments>(use.arguments);
  if (!arguments) co_return std::unexpected(std::move(arguments.error()));
  if (waits_already(use.caller, arguments->agent)) {
    co_return std::unexpected(fmt::format("{} waits for your answer and cannot be asked.", arguments->agent));
  }
  auto agent = co_await ports_.agents.find(use.caller.scope, agents::AgentRef{.id = {}, .name = arguments->agent});
  if (!agent) co_return std::unexpected(fmt::format("There is no agent {}.", arguments->agent));
  const chat::Task& asking = use.caller.task;
  chat::Task step{.id = use.step,
                  .session_id = asking.session_id,
                  .agent_id = agent->id,
                  .agent_name = agent->name,
                  .status = chat::TaskStatus::running,
                  .error = std::nullopt,
                  .request_message_id = asking.request_message_id,
                  .message_id = std::nullopt,
                  .created_at = ports_.clock.now(),
                  .started_at = std::nullopt,
                  .completed_at = std::nullopt,
                  .kind = chat::TaskKind::step,
                  .parent_id = asking.id};
  co_return Question{.agent = std::move(*agent), .message = std::move(arguments->message), .step = std::move(step)};
}

base::Task<bool> AskAgent::begin(const ToolUse& use, Question& question) {
  const Assignment& caller = use.caller;
  std::optional<chat::Task> earlier;
  if (caller.resumed) earlier = co_await ports_.tasks.find(caller.scope, question.step.id);
  if (earlier && is_final(earlier->status)) co_return false;
  question.step.started_at = ports_.clock.now();
  WorkRecord begun{.parts = {}, .step = question.step, .events = {}};
  if (!earlier) {
    const AgentMessage asked{
        .from = caller.agent.name, .to = question.agent.name, .content = question.message, .step = question.step.id};
    begun.events.push_back(agent_message(caller.task, asked));
  }
  begun.events.push_back(chat::task_started(question.step, earlier ? 2 : 1));
  const auto recorded = co_await ports_.log.record(caller.scope, caller.task, std::move(begun));
  if (recorded == Recorded::gone) throw chat::TaskGone();
  co_return recorded == Recorded::yes;
}

base::Task<std::optional<base::Result<Worked>>> AskAgent::answer(const ToolUse& use, const Question& question,
                                                                 bus::AgentBus::Turn& turn,
                                                                 SteadyClock::time_point deadline) {
  using boost::asio::experimental::awaitable_operators::operator||;
  const Assignment& caller = use.caller;
  Assignment assignment{.scope = caller.scope,
                        .task = question.step,
                        .agent = question.agent,
                        .message = fmt::format("The agent {} asks you:\n{}", caller.agent.name, question.message),
                        .history = {},
                        .asked_by = caller.asked_by,
                        .resumed = caller.resumed};
  assignment.asked_by.push_back(caller.agent.name);
  std::optional<base::Result<Worked>> answered;
  auto ended = chat::until_ended(ports_.tasks, caller.scope, ports_.running.hold(question.step.id),
                                 work_into(answered, assignment, turn, use.allowance));
  auto first = co_await (base::outcome_of(std::move(ended)) || until(deadline));
  if (first.index() == 1) co_return took_too_long();
  if (std::get<0>(first)) std::rethrow_exception(std::get<0>(first));
  co_return answered;
}

/// Leaves no answer where the question is cancelled alone: whoever asked goes on without.
base::Task<> AskAgent::work_into(std::optional<base::Result<Worked>>& answered, const Assignment& assignment,
                                 bus::AgentBus::Turn& turn, Allowance& allowance) {
  try {
    answered = co_await ports_.worker.work(assignment, turn, allowance, nullptr);
  } catch (const chat::TaskGone&) {
    answered.reset();
  }
}

ToolResult AskAgent::result(const ToolUse& use, Question question, std::optional<base::Result<Worked>> answer) const {
  if (!answer) return cancelled();
  chat::Task& step = question.step;
  step.completed_at = ports_.clock.now();
  if (!*answer) {
    base::Error& error = answer->error();
    step.status = chat::TaskStatus::failed;
    step.error = chat::TaskError{.code = std::string(base::name_of(error.code)), .detail = error.detail};
    return {.text = fmt::format("{} could not answer: {}", step.agent_name, error.detail),
            .failed = true,
            .usage = {},
            .step = step,
            .events = {chat::task_failed(step)}};
  }
  Worked& worked = **answer;
  step.status = chat::TaskStatus::completed;
  const AgentMessage said{
      .from = step.agent_name, .to = use.caller.agent.name, .content = worked.text, .step = step.id};
  std::vector<events::NewEvent> events{step_completed(step, {}, worked.text, worked.usage),
                                       agent_message(use.caller.task, said)};
  return {.text = std::move(worked.text),
          .failed = false,
          .usage = worked.usage,
          .step = step,
          .events = std::move(events)};
}

}  // namespace codelab::core::work
