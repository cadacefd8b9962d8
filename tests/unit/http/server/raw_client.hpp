#pragma once

#include <arpa/inet.h>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/algorithm/string/predicate.hpp>

namespace codelab::http::server {

struct Answer {
  unsigned status = 0;
  /// From the status line to the empty line.
  std::string head;
  std::string body;

  /// Empty when there is no such field.
  std::string field(std::string_view name) const {
    for (std::size_t at = head.find("\r\n"); at != head.npos; at = head.find("\r\n", at + 2)) {
      const std::string_view line = std::string_view(head).substr(at + 2, head.find("\r\n", at + 2) - at - 2);
      if (boost::algorithm::istarts_with(line, name) && line.substr(name.size()).starts_with(": ")) {
        return std::string(line.substr(name.size() + 2));
      }
    }
    return {};
  }
};

/// A blocking client that sends exactly the bytes it is told to. Whatever takes ten seconds throws.
class RawClient {
 public:
  /// A `receive_buffer` of bytes makes a reader that fills up soon.
  explicit RawClient(std::uint16_t port, int receive_buffer = 0) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval watchdog{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &watchdog, sizeof watchdog);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &watchdog, sizeof watchdog);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("connect");
  }
  ~RawClient() { disconnect(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) fail("send");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void end_sending() { ::shutdown(fd_, SHUT_WR); }
  void disconnect() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  /// Disconnects so that the peer sees a reset.
  void reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    disconnect();
  }

  std::string read_until(std::string_view marker) {
    std::size_t found = 0;
    while ((found = input_.find(marker)) == input_.npos) {
      if (!receive()) throw std::runtime_error("closed before '" + std::string(marker) + "', got: " + input_);
    }
    return take(found + marker.size());
  }
  std::string read_exactly(std::size_t count) {
    while (input_.size() < count) {
      if (!receive()) throw std::runtime_error("closed in the middle, got: " + input_);
    }
    return take(count);
  }
  std::string read_to_end() {
    while (receive()) {
    }
    return take(input_.size());
  }
  /// Whether the server has closed, cleanly and without another byte.
  bool at_end() { return input_.empty() && !receive(); }

  /// One answer by its own framing.
  Answer read_answer(bool to_head_request = false) {
    Answer answer;
    answer.head = read_until("\r\n\r\n");
    answer.status = static_cast<unsigned>(std::atoi(answer.head.c_str() + 9));
    if (to_head_request || answer.status == 204 || answer.status == 304) return answer;
    if (answer.field("Transfer-Encoding") == "chunked") {
      for (std::string piece = read_chunk(); !piece.empty(); piece = read_chunk()) answer.body += piece;
    } else if (const std::string length = answer.field("Content-Length"); !length.empty()) {
      answer.body = read_exactly(std::stoul(length));
    } else {
      answer.body = read_to_end();
    }
    return answer;
  }
  /// One chunk of a chunked body; empty is its end.
  std::string read_chunk() {
    const std::size_t size = std::stoul(read_until("\r\n"), nullptr, 16);
    std::string piece = read_exactly(size);
    if (read_exactly(2) != "\r\n") throw std::runtime_error("chunk without its line break");
    return piece;
  }

 private:
  [[noreturn]] static void fail(const char* what) {
    throw std::runtime_error(std::string(what) + " failed, errno " + std::to_string(errno));
  }
  bool receive() {
    char bytes[16 * 1024];
    const ssize_t count = ::recv(fd_, bytes, sizeof bytes, 0);
    if (count < 0) fail("recv");
    input_.append(bytes, static_cast<std::size_t>(count));
    return count > 0;
  }
  std::string take(std::size_t count) {
    std::string bytes = input_.substr(0, count);
    input_.erase(0, count);
    return bytes;
  }

  int fd_;
  std::string input_;
};

}  // namespace codelab::http::server
