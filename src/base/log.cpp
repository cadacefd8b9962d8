#include "base/log.hpp"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <unistd.h>

#include "base/log_line.hpp"
#include "base/log_sink.hpp"

namespace codelab::base::log {
namespace {

/// What a reader that takes nothing may hold up the process's end.
constexpr std::chrono::seconds kLastWrite{2};

std::atomic<Level> minimum_level{Level::info};

/// Never destroyed: destructors of other statics may log. What is queued when the process ends is written then.
Sink& sink() {
  static Sink& made = []() -> Sink& {
    std::atexit([] { sink().close(kLastWrite); });
    return *std::make_unique<Sink>(STDERR_FILENO).release();
  }();
  return made;
}

}  // namespace

void set_level(Level level) { minimum_level = level; }

bool enabled(Level level) { return level >= minimum_level.load(std::memory_order_relaxed); }

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (enabled(level)) sink().push(level, format_line(level, event, fields));
}

}  // namespace codelab::base::log
