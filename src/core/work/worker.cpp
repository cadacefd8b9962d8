#include "core/work/worker.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <fmt/format.h>

#include "base/side_by_side.hpp"
#include "core/chat/direct_call_events.hpp"
#include "core/chat/prompt.hpp"
#include "core/chat/recall.hpp"
#include "core/chat/task_lifecycle.hpp"
#include "core/work/work_events.hpp"
#include "core/work/work_parts.hpp"

namespace codelab::core::work {
namespace {

constexpr std::int64_t kBytesPerToken = 4;
/// Of a prompt, what is kept free for tools.
constexpr std::int64_t kToolShare = 4;
/// Of a prompt, one result of a tool at most.
constexpr std::int64_t kResultShare = 8;
/// However full the prompt is, in tokens.
constexpr std::int64_t kLeastResult = 64;
/// Of one answer; what it calls besides is as if it had not been said.
constexpr std::size_t kCallsOfAnswer = 32;
constexpr std::string_view kBetweenTurns = "\n\n";

/// The text of an answer that has several turns, as one.
class TurnsText final : public models::TextSink {
 public:
  explicit TurnsText(models::TextSink* reader) : reader_(reader) {}

  void begin_turn() { is_new_ = any_; }
  void on_text(std::string_view text) override {
    if (reader_ == nullptr) return;
    if (std::exchange(is_new_, false)) reader_->on_text(kBetweenTurns);
    reader_->on_text(text);
    any_ = true;
  }

 private:
  models::TextSink* reader_;
  bool any_ = false;
  bool is_new_ = false;
};

void append_turn(std::string& text, std::string_view turn) {
  if (!text.empty() && !turn.empty()) text += kBetweenTurns;
  text += turn;
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

std::int64_t size_of(const models::PromptMessage& message) {
  std::int64_t size = chat::estimate_tokens(message.content);
  for (const models::ToolCall& call : message.tool_calls) size += chat::estimate_tokens(call.arguments);
  return size;
}

models::PromptMessage as_message(const TurnPart& turn) {
  models::PromptMessage message{.role = models::Role::assistant, .content = turn.text};
  for (const CallPart& call : turn.calls) {
    message.tool_calls.push_back({.id = call.id, .name = call.name, .arguments = call.arguments});
  }
  return message;
}

/// Some providers give calls no ids.
TurnPart turn_of(models::Completion answer, chat::Usage usage) {
  TurnPart turn{.text = std::move(answer.text), .calls = {}, .usage = usage};
  if (answer.tool_calls.size() > kCallsOfAnswer) answer.tool_calls.resize(kCallsOfAnswer);
  for (models::ToolCall& call : answer.tool_calls) {
    std::string id = call.id.empty() ? fmt::format("call_{}", turn.calls.size() + 1) : std::move(call.id);
    turn.calls.push_back({.id = std::move(id),
                          .name = std::move(call.name),
                          .arguments = std::move(call.arguments),
                          .step = base::TaskId::generate()});
  }
  return turn;
}

ToolResult refused(std::string why) { return {.text = std::move(why), .failed = true}; }

}  // namespace

/// One assignment while it is worked on.
class Worker::Job {
 public:
  Job(Worker& worker, const Assignment& assignment, bus::AgentBus::Turn& turn, Allowance& allowance,
      chat::AnswerText* reader)
      : worker_(worker),
        ports_(worker.ports_),
        assignment_(assignment),
        turn_(turn),
        allowance_(allowance),
        reader_(reader),
        text_(reader) {}

  base::Task<base::Result<Worked>> run() {
    co_await prepare();
    if (assignment_.resumed) co_await resume();
    for (;;) {
      request_.no_more_calls = is_enough();
      auto answer = co_await ask();
      if (!answer) co_return answer.error();
      if (answer->tool_calls.empty() || request_.no_more_calls) co_return end(std::move(*answer));
      co_await go_on(std::move(*answer));
    }
  }

 private:
  base::Task<> prepare() {
    const auto& agent = assignment_.agent;
    const auto recalled =
        co_await chat::recall(ports_.memory, assignment_.scope, agent, assignment_.task.id, assignment_.message);
    co_await offer_tools();
    chat::PromptParts parts{.system_prompt = agent.config.system_prompt,
                            .memories = recalled.memories,
                            .history = assignment_.history,
                            .agent_name = agent.name,
                            .message = assignment_.message,
                            .token_budget = worker_.prompt_budget(agent) - tool_budget()};
    chat::Prompt prompt = chat::build_prompt(std::move(parts));
    context_ = chat::context_retrieved(assignment_.task, recalled.memories, prompt,
                                       recalled.error ? recalled.error->detail : "");
    for (const auto& message : prompt.messages) prompt_tokens_ += size_of(message);
    request_.model = agent.config.model;
    request_.messages = std::move(prompt.messages);
    request_.temperature = agent.config.temperature;
    request_.max_tokens = agent.config.max_tokens;
  }

  base::Task<> offer_tools() {
    if (assignment_.agent.config.tools.empty() || ports_.model.info().offline) co_return;
    for (Tool* tool : worker_.tools_) {
      if (std::ranges::count(assignment_.agent.config.tools, tool->name()) == 0) continue;
      auto spec = co_await tool->spec(assignment_);
      if (spec) request_.tools.push_back(std::move(*spec));
    }
  }

  /// For tools and their results.
  std::int64_t tool_budget() const {
    return request_.tools.empty() ? 0 : worker_.prompt_budget(assignment_.agent) / kToolShare;
  }

  /// Takes up what is recorded, and does the calls that are not done yet.
  base::Task<> resume() {
    const auto parts = co_await ports_.log.of_task(assignment_.scope, assignment_.task.id);
    auto turns = read_turns(parts);
    if (turns.empty()) co_return;
    co_await tell();
    for (RecordedTurn& each : turns) {
      text_.begin_turn();
      if (!each.turn.text.empty()) text_.on_text(each.turn.text);
      take(each.turn);
      for (const auto& result : each.results) {
        if (!result) continue;
        --allowance_.calls;
        spend(result->usage);
      }
      co_await do_calls(each.turn, std::move(each.results));
    }
  }

  bool is_enough() const {
    return allowance_.is_used_up() || prompt_tokens_ > worker_.prompt_budget(assignment_.agent);
  }

  base::Task<base::Result<models::Completion>> ask() {
    text_.begin_turn();
    if (!context_) return ports_.model.complete(request_, text_);
    return complete_beside(tell(), ports_.model.complete(request_, text_));
  }

  /// Readers get the answer's text once they know what it rests on.
  base::Task<bool> tell() {
    std::vector<events::NewEvent> events{std::move(*std::exchange(context_, std::nullopt))};
    const bool wanted = co_await ports_.tasks.append(assignment_.scope, assignment_.task, std::move(events));
    if (!wanted) throw chat::TaskGone();
    if (reader_ != nullptr) reader_->open();
    co_return true;
  }

  base::Result<Worked> end(models::Completion answer) {
    if (answer.text.empty() && !answer.tool_calls.empty()) {
      return base::make_error(base::ErrorCode::model_failed,
                              "the model called tools again and again, and did not answer");
    }
    spend(usage_of(answer));
    append_turn(said_, answer.text);
    return Worked{.text = std::move(said_), .model = std::move(answer.model), .usage = usage_};
  }

  base::Task<> go_on(models::Completion answer) {
    const auto usage = usage_of(answer);
    const TurnPart turn = turn_of(std::move(answer), usage);
    take(turn);
    WorkRecord begun{.parts = {recorded(turns_, turn)}};
    for (const CallPart& call : turn.calls) begun.events.push_back(tool_call(assignment_.task, call));
    co_await record(std::move(begun));
    co_await do_calls(turn, std::vector<std::optional<ResultPart>>(turn.calls.size()));
  }

  void take(const TurnPart& turn) {
    ++turns_;
    spend(turn.usage);
    append_turn(said_, turn.text);
    say(as_message(turn));
  }

  void spend(const chat::Usage& usage) {
    allowance_.spend(usage);
    chat::add(usage_, usage);
  }

  void say(models::PromptMessage message) {
    prompt_tokens_ += size_of(message);
    request_.messages.push_back(std::move(message));
  }

  /// Those of the turn's calls that have no result yet, all at the same time.
  base::Task<> do_calls(const TurnPart& turn, std::vector<std::optional<ResultPart>> results) {
    std::vector<base::Task<>> calls;
    bool waits = false;
    for (std::size_t i = 0; i < turn.calls.size(); ++i) {
      if (results[i]) continue;
      Tool* tool = --allowance_.calls < 0 ? nullptr : find(turn.calls[i].name);
      waits = waits || (tool != nullptr && tool->waits_for_agents());
      calls.push_back(call(tool, turn, i, results[i]));
    }
    if (waits) co_await turn_.step_aside();
    co_await base::side_by_side(std::move(calls));
    if (waits) co_await turn_.come_back();
    for (std::size_t i = 0; i < turn.calls.size(); ++i) {
      say({.role = models::Role::tool,
           .content = results[i]->text,
           .tool_calls = {},
           .tool_call_id = turn.calls[i].id});
    }
  }

  /// In bytes: the turn's results share what the prompt has left.
  std::size_t room_for_result(const TurnPart& turn) const {
    const auto budget = worker_.prompt_budget(assignment_.agent);
    const auto share = (budget - prompt_tokens_) / std::ssize(turn.calls);
    return static_cast<std::size_t>(std::clamp(share, kLeastResult, std::max(kLeastResult, budget / kResultShare)) *
                                    kBytesPerToken);
  }

  base::Task<> call(Tool* tool, const TurnPart& turn, std::size_t place, std::optional<ResultPart>& to) {
    const CallPart& call = turn.calls[place];
    ToolResult result = refused(allowance_.calls < 0 ? "No more tool calls are allowed: answer with what you have."
                                                     : fmt::format("There is no tool {}.", call.name));
    if (tool != nullptr) {
      ToolUse use{.caller = assignment_, .allowance = allowance_, .arguments = call.arguments, .step = call.step};
      result = co_await tool->call(std::move(use));
    }
    chat::add(usage_, result.usage);
    ResultPart part{.text = std::string(memory::utf8_prefix(result.text, room_for_result(turn))),
                    .failed = result.failed,
                    .usage = result.usage};
    WorkRecord done{
        .parts = {recorded(turns_, place, part)}, .step = std::move(result.step), .events = std::move(result.events)};
    done.events.push_back(tool_result(assignment_.task, call, part));
    const bool stored = co_await record(std::move(done));
    if (stored) {
      to = std::move(part);
    } else {
      to = co_await record_cancelled(turn, place, part.usage);
    }
  }

  /// What came of it was paid for, and is not told: its user did not want it any more.
  base::Task<ResultPart> record_cancelled(const TurnPart& turn, std::size_t place, chat::Usage usage) {
    ResultPart part{.text = std::string(kStepCancelled), .failed = true, .usage = usage};
    WorkRecord done{.parts = {recorded(turns_, place, part)},
                    .events = {tool_result(assignment_.task, turn.calls[place], part)}};
    co_await record(std::move(done));
    co_return part;
  }

  Tool* find(std::string_view name) const {
    const bool offered = std::ranges::count(request_.tools, name, &models::ToolSpec::name) > 0;
    const auto found = std::ranges::find(worker_.tools_, name, &Tool::name);
    return offered && found != worker_.tools_.end() ? *found : nullptr;
  }

  /// False when its step has ended before.
  base::Task<bool> record(WorkRecord record) {
    const auto outcome = co_await ports_.log.record(assignment_.scope, assignment_.task, std::move(record));
    if (outcome == Recorded::gone) throw chat::TaskGone();
    co_return outcome == Recorded::yes;
  }

  chat::Usage usage_of(const models::Completion& answer) const {
    return {.prompt_tokens = answer.tokens.prompt_tokens,
            .completion_tokens = answer.tokens.completion_tokens,
            .cost_usd = ports_.prices.cost_usd(answer.model, answer.tokens)};
  }

  Worker& worker_;
  Ports& ports_;
  const Assignment& assignment_;
  bus::AgentBus::Turn& turn_;
  Allowance& allowance_;
  chat::AnswerText* reader_;
  TurnsText text_;
  models::CompletionRequest request_;
  /// Until it is told.
  std::optional<events::NewEvent> context_;
  std::int64_t prompt_tokens_ = 0;
  std::int64_t turns_ = 0;
  std::string said_;
  chat::Usage usage_;
};

std::int64_t Worker::prompt_budget(const agents::CallableAgent& agent) const {
  return std::max(limits_.context_tokens / 4, limits_.context_tokens - agent.config.max_tokens);
}

base::Task<base::Result<Worked>> Worker::work(const Assignment& assignment, bus::AgentBus::Turn& turn,
                                              Allowance& allowance, chat::AnswerText* reader) {
  Job job(*this, assignment, turn, allowance, reader);
  co_return co_await job.run();
}

}  // namespace codelab::core::work
