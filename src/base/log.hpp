#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace codelab::base::log {

enum class Level : std::uint8_t { debug, info, warning, error };

/// One key of a log line. Never a secret, a token, a password or the text of a message: ids, counts and reasons only.
struct Field {
  template <std::integral T>
  Field(std::string_view k, T v) : key(k), value(static_cast<std::int64_t>(v)) {}
  Field(std::string_view k, bool v) : key(k), value(v) {}
  Field(std::string_view k, double v) : key(k), value(v) {}
  Field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  Field(std::string_view k, std::string_view v) : key(k), value(std::string(v)) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string(v)) {}

  std::string_view key;
  std::variant<std::int64_t, bool, double, std::string> value;
};

/// Set once at start. Thread-safe.
void set_level(Level level);
bool enabled(Level level);

/// Lines go to stderr as one JSON object each: {"ts","level","event", fields...}. Never waits for whoever reads them:
/// see Sink for what happens when they do not keep up. exit() and a return from main write what is queued; a crash
/// loses what was logged in its last milliseconds. Thread-safe.
void write(Level level, std::string_view event, std::initializer_list<Field> fields);

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::debug)) write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::info)) write(Level::info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::warning)) write(Level::warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::error, event, fields);
}

}  // namespace codelab::base::log
