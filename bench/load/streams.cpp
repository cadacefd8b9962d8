#include <algorithm>
#include <array>
#include <cstdio>
#include <deque>
#include <exception>
#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "load/latencies.hpp"
#include "load/modes.hpp"
#include "load/wire.hpp"

namespace codelab::load {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kOpenedAtOnce = 32;
constexpr std::string_view kLastEvent = R"("type":"TASK_COMPLETED")";
constexpr std::chrono::milliseconds kLook{1};
constexpr std::chrono::seconds kPatience{20};

struct Reader {
  Reader(asio::io_context& context, std::uint16_t port) : wire(context, port) {}

  Wire wire;
  std::string request;
  /// The end of what was read before, in case the event's name is cut in two.
  std::string tail;
  std::optional<Clock::time_point> first_event;
  bool seen_last = false;
};

struct Run {
  asio::io_context context{1};
  std::deque<Reader> readers;
  std::size_t next = 0;
  std::size_t open = 0;
  std::array<char, 64 * 1024> buffer{};
  /// Of each post, over all readers.
  std::vector<double> deliveries;
  /// Of each post, its last reader.
  std::vector<double> last_readers;
};

void rethrow(std::exception_ptr failure) {
  if (failure) std::rethrow_exception(failure);
}

/// Reads without a buffer of its own: a thousand readers must cost this program little.
Task<> follow(Run& run, Reader& reader) {
  auto& socket = reader.wire.socket();
  socket.non_blocking(true);
  for (;;) {
    co_await socket.async_wait(asio::ip::tcp::socket::wait_read, asio::use_awaitable);
    boost::system::error_code error;
    const std::size_t count = socket.read_some(asio::buffer(run.buffer), error);
    if (error == asio::error::would_block) continue;
    if (error) fail("a stream ended: " + error.message());
    if (!reader.first_event) reader.first_event = Clock::now();
    reader.tail.append(run.buffer.data(), count);
    reader.seen_last = reader.seen_last || reader.tail.find(kLastEvent) != std::string::npos;
    if (reader.tail.size() > kLastEvent.size()) reader.tail.erase(0, reader.tail.size() - kLastEvent.size());
  }
}

/// Until the answer's header has been read; the events come later.
Task<> open(Reader& reader) {
  co_await reader.wire.connect();
  co_await reader.wire.send(reader.request);
  std::string head;
  while (head.find("\r\n\r\n") == std::string::npos) {
    std::array<char, 512> part;
    const auto space = asio::buffer(part);
    const std::size_t count = co_await reader.wire.socket().async_read_some(space, asio::use_awaitable);
    head.append(part.data(), count);
  }
  if (!head.starts_with("HTTP/1.1 200")) fail("a stream was answered " + head.substr(0, head.find('\r')));
}

Task<> open_some(Run& run) {
  while (run.next < run.readers.size()) {
    Reader& reader = run.readers[run.next++];
    co_await open(reader);
    ++run.open;
    asio::co_spawn(run.context, follow(run, reader), rethrow);
  }
}

Task<> all_have_seen_the_last_event(Run& run) {
  asio::steady_timer timer(run.context);
  const auto deadline = Clock::now() + kPatience;
  while (!std::ranges::all_of(run.readers, &Reader::seen_last)) {
    if (Clock::now() > deadline) fail("an event did not reach every reader in time");
    timer.expires_after(kLook);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

void note(Run& run, Clock::time_point begin) {
  double last = 0;
  for (const Reader& reader : run.readers) {
    run.deliveries.push_back(milliseconds_between(begin, *reader.first_event));
    last = std::max(last, run.deliveries.back());
  }
  run.last_readers.push_back(last);
}

/// The first post only makes sure that every reader has joined its stream.
Task<> post_to_all(Run& run, Wire& wire, std::string token, std::string session, std::size_t posts) {
  const std::string path = "/my/chat/" + session + "/message/";
  for (std::size_t i = 0; i <= posts; ++i) {
    for (Reader& reader : run.readers) {
      reader.first_event.reset();
      reader.seen_last = false;
      reader.tail.clear();
    }
    auto request = request_text("POST", path, token, R"({"target_agent":"coder","content":"Tell them all."})",
                                "Prefer: respond-async\r\n");
    const auto begin = Clock::now();
    const Reply reply = co_await wire.exchange(std::move(request));
    if (reply.status != 202) fail("a post was answered " + std::to_string(reply.status) + ": " + reply.body);
    co_await all_have_seen_the_last_event(run);
    if (i > 0) note(run, begin);
  }
}

Task<> until_input_ends(asio::io_context& context) {
  asio::posix::stream_descriptor input(context, ::dup(STDIN_FILENO));
  char byte = 0;
  const auto space = asio::buffer(&byte, 1);
  for (;;) {
    const auto [error, count] = co_await input.async_read_some(space, asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
  }
}

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

Task<> drive(Run& run, const Options& options) {
  asio::steady_timer timer(run.context);
  while (run.open < run.readers.size()) {
    timer.expires_after(kLook);
    co_await timer.async_wait(asio::use_awaitable);
  }
  say("open");
  const auto posts = static_cast<std::size_t>(options.number("posts"));
  if (posts > 0) {
    const std::string line = options.lines("streams").front();
    const std::string token = line.substr(0, line.find(' '));
    const std::string session = line.substr(line.find(' ') + 1);
    Wire wire(run.context, options.port());
    co_await wire.connect();
    co_await post_to_all(run, wire, token, session, posts);
  }
  char text[200];
  std::snprintf(text, sizeof text,
                R"({"readers":%zu,"posts":%zu,"delivery_p50_ms":%.3f,"delivery_p99_ms":%.3f,)"
                R"("last_reader_p50_ms":%.3f,"last_reader_p99_ms":%.3f})",
                run.readers.size(), posts, percentile(run.deliveries, 0.5), percentile(run.deliveries, 0.99),
                percentile(run.last_readers, 0.5), percentile(run.last_readers, 0.99));
  say(text);
  co_await until_input_ends(run.context);
  run.context.stop();
}

}  // namespace

void run_streams(const Options& options) {
  Run run;
  for (const std::string& line : options.lines("streams")) {
    Reader& reader = run.readers.emplace_back(run.context, options.port());
    const auto space = line.find(' ');
    if (space == std::string::npos) fail("a line of --streams is not TOKEN SESSION");
    reader.request = request_text("GET", "/my/sse/" + line.substr(space + 1), line.substr(0, space), "");
  }
  for (std::size_t i = 0; i < kOpenedAtOnce; ++i) asio::co_spawn(run.context, open_some(run), rethrow);
  asio::co_spawn(run.context, drive(run, options), rethrow);
  run.context.run();
}

}  // namespace codelab::load
