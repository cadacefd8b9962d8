#include "load/options.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace codelab::load {

Options::Options(int count, char** arguments) {
  if (count % 2 != 0) fail("options are --name value");
  for (int i = 0; i < count; i += 2) {
    const std::string name = arguments[i];
    if (!name.starts_with("--")) fail("not an option: " + name);
    values_[name.substr(2)] = arguments[i + 1];
  }
}

std::string Options::text(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) fail("--" + name + " is missing");
  return found->second;
}

double Options::number(const std::string& name) const {
  const std::string value = text(name);
  char* end = nullptr;
  const double number = std::strtod(value.c_str(), &end);
  if (value.empty() || *end != '\0') fail("--" + name + " is not a number: " + value);
  return number;
}

std::vector<std::string> Options::lines(const std::string& name) const {
  std::ifstream file(text(name));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  if (lines.empty()) fail("nothing in the file of --" + name);
  return lines;
}

void fail(const std::string& reason) {
  std::fprintf(stderr, "load_driver: %s\n", reason.c_str());
  std::exit(1);
}

}  // namespace codelab::load
