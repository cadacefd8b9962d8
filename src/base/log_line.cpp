#include "base/log_line.hpp"

#include <variant>

#include "base/clock.hpp"
#include "base/json_text.hpp"

namespace codelab::base::log {
namespace {

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      break;
  }
  return "error";
}

struct AppendValue {
  std::string& out;
  void operator()(std::int64_t value) const { out += std::to_string(value); }
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(double value) const { append_json_number(out, value); }
  void operator()(const std::string& value) const { append_json_string(out, value); }
};

}  // namespace

std::string format_line(Level level, std::string_view event, std::initializer_list<Field> fields) {
  std::string line = R"({"ts":")" + to_rfc3339(SystemClock{}.now()) + R"(","level":")";
  line += name_of(level);
  line += R"(","event":)";
  append_json_string(line, event);
  for (const Field& field : fields) {
    line.push_back(',');
    append_json_string(line, field.key);
    line.push_back(':');
    std::visit(AppendValue{line}, field.value);
  }
  line.push_back('}');
  return line;
}

}  // namespace codelab::base::log
