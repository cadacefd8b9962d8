#include "base/log_sink.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <poll.h>
#include <string>
#include <unistd.h>

#include "base/log_line.hpp"

namespace codelab::base::log {
namespace {

/// How long a line may wait for others to be written with it.
constexpr std::chrono::milliseconds kGatherTime{10};
/// What is worth writing before that.
constexpr std::size_t kGatherBytes = 65'536;

/// Returns what the descriptor refused, empty when it took all.
std::string_view write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd room{.fd = descriptor, .events = POLLOUT, .revents = 0};
      ::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      break;
    }
  }
  return text;
}

std::size_t count_lines(std::string_view text) { return static_cast<std::size_t>(std::ranges::count(text, '\n')); }

/// Starts a thread that no signal interrupts: SIGPIPE is an error of the write, the others are for the main thread.
template <class Work>
std::thread start_without_signals(Work work) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(work));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

struct Sink::State {
  State(int d, std::size_t c) : descriptor(d), capacity(c) {}

  void push(Level level, std::string_view line) {
    const std::scoped_lock lock(mutex);
    const std::size_t limit = level >= Level::warning ? 2 * capacity : capacity;
    if (pending.size() + line.size() >= limit) {
      ++dropped;
      return;
    }
    const bool first = pending.empty();
    pending.append(line).push_back('\n');
    if (ended) return write_pending();
    if (level >= Level::warning || pending.size() >= kGatherBytes) urgent = true;
    if (first || urgent) wake.notify_one();
  }

  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [&] { return closing || !pending.empty(); });
      wake.wait_for(lock, kGatherTime, [&] { return closing || urgent; });
      if (pending.empty() && dropped == 0) break;
      write_batch(lock);
    }
    ended = true;
    finished.notify_all();
  }

  void write_batch(std::unique_lock<std::mutex>& lock) {
    take_batch();
    lock.unlock();
    const std::size_t refused = count_lines(write_all(descriptor, batch));
    lock.lock();
    // A descriptor that takes nothing more must not hold up the end.
    if (!closing) dropped += refused;
  }

  void write_pending() {
    take_batch();
    write_all(descriptor, batch);
  }

  void take_batch() {
    batch.clear();
    batch.swap(pending);
    urgent = false;
    if (dropped == 0) return;
    batch.append(format_line(Level::warning, "log_lines_dropped", {{"count", dropped}})).push_back('\n');
    dropped = 0;
  }

  const int descriptor;
  const std::size_t capacity;
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable finished;
  std::string pending;
  /// What is being written; the writer's until `ended`.
  std::string batch;
  std::size_t dropped = 0;
  bool urgent = false;
  bool closing = false;
  bool ended = false;
};

Sink::Sink(int descriptor, std::size_t capacity)
    : state_(std::make_shared<State>(descriptor, capacity)),
      writer_(start_without_signals([state = state_] { state->run(); })) {}

Sink::~Sink() {
  if (writer_.joinable()) close(std::chrono::hours{24});
}

void Sink::push(Level level, std::string_view line) { state_->push(level, line); }

bool Sink::close(std::chrono::milliseconds timeout) {
  bool written = false;
  {
    std::unique_lock lock(state_->mutex);
    state_->closing = true;
    state_->wake.notify_one();
    written = state_->finished.wait_for(lock, timeout, [this] { return state_->ended; });
  }
  if (written) {
    writer_.join();
  } else {
    writer_.detach();
  }
  return written;
}

}  // namespace codelab::base::log
