#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "infra/redis/reply.hpp"

struct redisReader;

namespace codelab::infra::redis {

/// Appends one command as the protocol wants it; words may hold any bytes.
void append_command(std::string& out, std::span<const std::string> words);

/// Cuts the bytes of a connection into replies. Not thread-safe.
class ReplyReader {
 public:
  ReplyReader();

  void feed(std::string_view bytes);
  /// The next reply; nothing while it is incomplete; a reason when the bytes are not the protocol's. After that the
  /// reader is of no further use.
  std::expected<std::optional<Reply>, std::string> next();

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };
  std::unique_ptr<redisReader, Free> reader_;
};

}  // namespace codelab::infra::redis
