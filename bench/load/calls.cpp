#include <cstdio>
#include <exception>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <time.h>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "load/latencies.hpp"
#include "load/modes.hpp"
#include "load/wire.hpp"

namespace codelab::load {
namespace {

namespace asio = boost::asio;

/// A caller spreads its calls over so many sessions, so that none grows without end.
constexpr std::size_t kSessions = 10;

struct Plan {
  std::uint16_t port = 0;
  std::vector<std::string> tokens;
  std::size_t connections = 0;
  /// Over which the callers' first calls are spread.
  Clock::duration spread{};
  Clock::duration warmup{};
  Clock::duration length{};
  clockid_t server_time{};
};

/// What all callers share. They run on one thread.
struct Run {
  Plan plan;
  asio::io_context context{1};
  asio::steady_timer phase{context, Clock::time_point::max()};
  std::size_t ready = 0;
  Clock::time_point counted_from = Clock::time_point::max();
  Clock::time_point until = Clock::time_point::max();
  std::vector<double> latencies;
  double server_seconds = 0;
};

constexpr std::string_view kThings[] = {
    "invoice",  "ledger",   "database", "queue",     "report",  "customer",  "password", "gateway",
    "printer",  "cluster",  "schedule", "contract",  "backup",  "archive",   "server",   "release",
    "library",  "calendar", "project",  "ticket",    "account", "warehouse", "sensor",   "parser",
    "compiler", "pipeline", "index",    "snapshot",  "router",  "browser",   "notebook", "telescope",
    "garden",   "bicycle",  "recipe",   "orchestra", "bridge",  "harbour",   "glacier",  "museum"};
constexpr std::string_view kDeeds[] = {"stores", "checks",   "sends", "copies",  "signs",   "rejects", "renames",
                                       "splits", "measures", "loads", "reviews", "deletes", "prints",  "watches"};

/// Like people's questions: of a like length, sharing small words with all others and a few telling ones with some.
std::string question(std::size_t caller, std::size_t number) {
  std::minstd_rand random(static_cast<unsigned>(caller * 7919 + number * 104'729 + 1));
  const auto thing = [&] { return std::string(kThings[random() % std::size(kThings)]); };
  const auto deed = [&] { return std::string(kDeeds[random() % std::size(kDeeds)]); };
  const std::string text = "Which " + thing() + " " + deed() + " the " + thing() + " before our " + thing() + " " +
                           deed() + " it, and who may change the " + thing() + " number " + std::to_string(number) +
                           "?";
  return R"({"target_agent":"coder","content":")" + text + R"("})";
}

Task<> open_sessions(Wire& wire, std::string token, std::vector<std::string>& paths) {
  for (std::size_t i = 0; i < kSessions; ++i) {
    auto request = request_text("POST", "/my/chat/sessions/", token, R"({"title":"load"})");
    const Reply reply = co_await wire.exchange(std::move(request));
    if (reply.status != 201) fail("creating a session was answered " + std::to_string(reply.status));
    paths.push_back("/my/chat/" + reply.id() + "/message/");
  }
}

/// The time counts from when the last caller is ready.
void note_ready(Run& run) {
  if (++run.ready < run.plan.connections) return;
  run.counted_from = Clock::now() + run.plan.warmup;
  run.until = run.counted_from + run.plan.length;
  run.phase.expires_at(run.counted_from);
}

double seconds_of(clockid_t processor_time) {
  timespec now{};
  if (::clock_gettime(processor_time, &now) != 0) fail("the server's processor time cannot be read");
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// How much processor time the server takes from counted_from until the end.
Task<> watch_server(Run& run) {
  const auto outcome = asio::as_tuple(asio::use_awaitable);
  while (Clock::now() < run.counted_from) co_await run.phase.async_wait(outcome);
  const double before = seconds_of(run.plan.server_time);
  run.phase.expires_at(run.until);
  co_await run.phase.async_wait(outcome);
  run.server_seconds = seconds_of(run.plan.server_time) - before;
}

clockid_t processor_time_of(pid_t process) {
  clockid_t clock{};
  if (::clock_getcpuclockid(process, &clock) != 0) fail("there is no such process");
  return clock;
}

Task<> call_again_and_again(Run& run, std::size_t caller) {
  Wire wire(run.context, run.plan.port);
  co_await wire.connect();
  const std::string token = run.plan.tokens[caller % run.plan.tokens.size()];
  std::vector<std::string> paths;
  co_await open_sessions(wire, token, paths);
  note_ready(run);
  asio::steady_timer turn(run.context, run.plan.spread * caller / run.plan.connections);
  co_await turn.async_wait(asio::use_awaitable);
  for (std::size_t number = 0; Clock::now() < run.until; ++number) {
    auto request = request_text("POST", paths[number % paths.size()], token, question(caller, number));
    const auto begin = Clock::now();
    const Reply reply = co_await wire.exchange(std::move(request));
    const auto end = Clock::now();
    if (reply.status != 200) fail("a call was answered " + std::to_string(reply.status) + ": " + reply.body);
    if (end >= run.counted_from && end < run.until) run.latencies.push_back(milliseconds_between(begin, end));
  }
}

void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

Clock::duration seconds(double count) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(count));
}

}  // namespace

void run_calls(const Options& options) {
  Run run;
  run.plan = {.port = options.port(),
              .tokens = options.lines("tokens"),
              .connections = static_cast<std::size_t>(options.number("connections")),
              .spread = seconds(options.number("spread")),
              .warmup = seconds(options.number("warmup")),
              .length = seconds(options.number("seconds")),
              .server_time = processor_time_of(static_cast<pid_t>(options.number("pid")))};
  for (std::size_t i = 0; i < run.plan.connections; ++i) {
    asio::co_spawn(run.context, call_again_and_again(run, i), rethrow);
  }
  asio::co_spawn(run.context, watch_server(run), rethrow);
  run.context.run();
  if (run.latencies.empty()) fail("no call was answered in time");
  const auto calls = static_cast<double>(run.latencies.size());
  std::printf(R"({"per_second":%.1f,"p50_ms":%.3f,"p99_ms":%.3f,"cpu_ms":%.4f})"
              "\n",
              calls / options.number("seconds"), percentile(run.latencies, 0.5), percentile(run.latencies, 0.99),
              run.server_seconds * 1e3 / calls);
}

}  // namespace codelab::load
