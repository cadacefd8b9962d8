#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include <boost/asio/buffer.hpp>

namespace codelab::http::server {

/// What waits to be sent, in up to three parts. It only refers to the bytes: they stay where they are until sent.
class Output {
 public:
  void add(std::string_view part) {
    if (!part.empty()) parts_[count_++] = boost::asio::const_buffer(part.data(), part.size());
  }

  bool empty() const { return first_ == count_; }
  std::span<const boost::asio::const_buffer> parts() const { return {parts_.data() + first_, count_ - first_}; }

  void consume(std::size_t bytes) {
    while (!empty() && bytes >= parts_[first_].size()) bytes -= parts_[first_++].size();
    if (empty()) {
      first_ = count_ = 0;
    } else {
      parts_[first_] += bytes;
    }
  }

 private:
  std::array<boost::asio::const_buffer, 3> parts_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace codelab::http::server
