#include "base/log_sink.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <string>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

namespace codelab::base::log {
namespace {

constexpr std::chrono::seconds kWatchdog{20};

class Pipe {
 public:
  explicit Pipe(int flags = 0) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
    reader_ = ends[0];
    writer_ = ends[1];
    ::fcntl(reader_, F_SETFL, O_NONBLOCK);
    ::fcntl(writer_, F_SETFL, flags);
  }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int writer() const { return writer_; }
  void close_reader() { close(reader_); }
  void close_writer() { close(writer_); }

  /// Writes until nothing more fits; returns how much did.
  std::size_t fill() {
    const int flags = ::fcntl(writer_, F_GETFL);
    ::fcntl(writer_, F_SETFL, flags | O_NONBLOCK);
    const std::string filler(4096, '.');
    std::size_t filled = 0;
    for (ssize_t n = 0; (n = ::write(writer_, filler.data(), filler.size())) > 0;) {
      filled += static_cast<std::size_t>(n);
    }
    ::fcntl(writer_, F_SETFL, flags);
    return filled;
  }

  /// What there is now.
  std::string read_some() {
    std::string text(1 << 16, '\0');
    const ssize_t n = ::read(reader_, text.data(), text.size());
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
  }
  /// Waits for `size` bytes.
  std::string read_exactly(std::size_t size) {
    std::string text;
    pollfd ready{.fd = reader_, .events = POLLIN, .revents = 0};
    while (text.size() < size && ::poll(&ready, 1, 20'000) > 0) text += read_some();
    return text;
  }

 private:
  static void close(int& descriptor) {
    if (descriptor >= 0) ::close(std::exchange(descriptor, -1));
  }

  int reader_ = -1;
  int writer_ = -1;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = text.find('\n', begin);
    if (end == std::string::npos) throw std::runtime_error("half a line");
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

/// The sum of what the lines `log_lines_dropped` tell.
std::size_t told_as_dropped(const std::vector<std::string>& lines) {
  constexpr std::string_view kCount = "\"log_lines_dropped\",\"count\":";
  std::size_t dropped = 0;
  for (const std::string& line : lines) {
    const auto at = line.find(kCount);
    if (at != std::string::npos) dropped += std::stoul(line.substr(at + kCount.size()));
  }
  return dropped;
}

TEST(LogSink, lines_arrive_whole_and_in_order) {
  Pipe pipe;
  Sink sink(pipe.writer());
  sink.push(Level::info, "one");
  sink.push(Level::error, "two");
  sink.push(Level::debug, "three");
  EXPECT_TRUE(sink.close(kWatchdog));
  EXPECT_EQ(pipe.read_some(), "one\ntwo\nthree\n");
}

TEST(LogSink, an_idle_sink_writes_without_being_told) {
  Pipe pipe;
  Sink sink(pipe.writer());
  sink.push(Level::info, "info");
  EXPECT_EQ(pipe.read_exactly(5), "info\n");
  sink.push(Level::error, "error");
  EXPECT_EQ(pipe.read_exactly(6), "error\n");
}

TEST(LogSink, more_than_a_pipe_holds_arrives_through_a_nonblocking_one) {
  Pipe pipe(O_NONBLOCK);
  Sink sink(pipe.writer());
  const std::string line(999, 'x');
  for (int i = 0; i < 1'000; ++i) sink.push(Level::info, line);
  EXPECT_EQ(pipe.read_exactly(1'000'000).size(), 1'000'000);
  EXPECT_TRUE(sink.close(kWatchdog));
}

TEST(LogSink, when_nobody_reads_chatter_is_dropped_and_counted_and_warnings_are_kept) {
  Pipe pipe;
  const std::size_t filled = pipe.fill();
  Sink sink(pipe.writer(), 1'000);
  for (int i = 0; i < 100; ++i) sink.push(Level::info, std::string(99, 'i'));
  for (int i = 0; i < 5; ++i) sink.push(Level::warning, std::string(99, 'w'));
  pipe.read_exactly(filled);
  EXPECT_TRUE(sink.close(kWatchdog));
  const auto lines = lines_of(pipe.read_some());
  const auto infos = static_cast<std::size_t>(std::ranges::count(lines, std::string(99, 'i')));
  EXPECT_EQ(std::ranges::count(lines, std::string(99, 'w')), 5);
  EXPECT_GE(infos, 9);
  EXPECT_LE(infos, 20);
  EXPECT_EQ(infos + told_as_dropped(lines), 100);
}

TEST(LogSink, even_errors_are_bounded) {
  Pipe pipe;
  const std::size_t filled = pipe.fill();
  Sink sink(pipe.writer(), 1'000);
  for (int i = 0; i < 100; ++i) sink.push(Level::error, std::string(99, 'e'));
  pipe.read_exactly(filled);
  EXPECT_TRUE(sink.close(kWatchdog));
  const auto lines = lines_of(pipe.read_some());
  const auto errors = static_cast<std::size_t>(std::ranges::count(lines, std::string(99, 'e')));
  EXPECT_LE(errors, 40);
  EXPECT_EQ(errors + told_as_dropped(lines), 100);
}

TEST(LogSink, a_reader_that_is_gone_hurts_nobody) {
  Pipe pipe;
  Sink sink(pipe.writer());
  pipe.close_reader();
  for (int i = 0; i < 100; ++i) sink.push(Level::error, "into the void");
  EXPECT_TRUE(sink.close(kWatchdog));
}

TEST(LogSink, a_reader_that_does_not_read_does_not_hold_up_the_end) {
  Pipe pipe;
  const std::size_t filled = pipe.fill();
  {
    Sink sink(pipe.writer());
    sink.push(Level::error, "last words");
    EXPECT_FALSE(sink.close(std::chrono::milliseconds{1}));
  }
  EXPECT_TRUE(pipe.read_exactly(filled + 11).ends_with("last words\n"));
}

TEST(LogSink, after_its_end_a_line_is_written_by_its_caller) {
  Pipe pipe;
  Sink sink(pipe.writer());
  EXPECT_TRUE(sink.close(kWatchdog));
  sink.push(Level::info, "late");
  EXPECT_EQ(pipe.read_some(), "late\n");
}

}  // namespace
}  // namespace codelab::base::log
