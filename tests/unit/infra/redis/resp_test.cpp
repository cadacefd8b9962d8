#include "infra/redis/resp.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace codelab::infra::redis {
namespace {

using Type = Reply::Type;
using namespace std::string_literals;

TEST(RedisProtocol, WritesCommandsOfAnyBytes) {
  std::string out = "before";
  const std::vector<std::string> words{"SET", "a\0b"s, ""};
  append_command(out, words);
  EXPECT_EQ(out, "before*3\r\n$3\r\nSET\r\n$3\r\na\0b\r\n$0\r\n\r\n"s);
}

TEST(RedisProtocol, ReadsEveryTypeCutAnywhere) {
  const std::string bytes = "+OK\r\n-ERR no\r\n:-7\r\n$-1\r\n*-1\r\n*3\r\n$2\r\nhi\r\n*1\r\n:1\r\n*0\r\n";
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    ReplyReader reader;
    std::vector<Reply> replies;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      reader.feed(std::string_view(bytes).substr(at, size));
      for (;;) {
        auto reply = reader.next();
        ASSERT_TRUE(reply);
        if (!*reply) break;
        replies.push_back(std::move(**reply));
      }
    }
    ASSERT_EQ(replies.size(), 6U) << size;
    EXPECT_EQ(replies[0].type, Type::status);
    EXPECT_EQ(replies[0].text, "OK");
    EXPECT_EQ(replies[1].type, Type::error);
    EXPECT_EQ(replies[1].text, "ERR no");
    EXPECT_EQ(replies[2].integer, -7);
    EXPECT_TRUE(replies[3].is_nil());
    EXPECT_TRUE(replies[4].is_nil());
    ASSERT_EQ(replies[5].elements.size(), 3U);
    EXPECT_EQ(replies[5].elements[0].text, "hi");
    EXPECT_EQ(replies[5].elements[1].elements[0].integer, 1);
    EXPECT_TRUE(replies[5].elements[2].elements.empty());
  }
}

TEST(RedisProtocol, SaysWhenBytesAreNotTheProtocols) {
  ReplyReader reader;
  reader.feed("HTTP/1.1 400 Bad Request\r\n");
  EXPECT_FALSE(reader.next());
}

}  // namespace
}  // namespace codelab::infra::redis
