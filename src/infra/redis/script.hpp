#pragma once

#include <array>
#include <string>
#include <string_view>

namespace codelab::infra::redis {

/// A Lua script that the server runs as one step, and the name under which the server remembers it.
class Script {
 public:
  /// `source` lives as long as the process.
  explicit Script(std::string_view source);

  std::string source() const { return std::string(source_); }
  std::string sha1() const { return {sha1_.data(), sha1_.size()}; }

 private:
  std::string_view source_;
  std::array<char, 40> sha1_;
};

}  // namespace codelab::infra::redis
