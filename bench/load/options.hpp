#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace codelab::load {

/// `--name value` pairs. What is missing or not a number ends the program with a message.
class Options {
 public:
  Options(int count, char** arguments);

  std::string text(const std::string& name) const;
  double number(const std::string& name) const;
  std::uint16_t port() const { return static_cast<std::uint16_t>(number("port")); }
  /// The lines of the file that `name` names.
  std::vector<std::string> lines(const std::string& name) const;

 private:
  std::map<std::string, std::string> values_;
};

/// Ends the program: a load that did not run as meant must not look like a measurement.
[[noreturn]] void fail(const std::string& reason);

}  // namespace codelab::load
