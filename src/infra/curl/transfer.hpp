#pragma once

#include <array>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/steady_timer.hpp>

#include "infra/curl/http_exchange.hpp"

struct curl_slist;

namespace codelab::infra::curl {

class MultiLoop;
struct CurlOptions;

/// One request on its way: owns the easy handle and everything curl points into, and takes it out of the loop when it
/// is destroyed. Used on the loop's thread only.
class Transfer {
 public:
  using Clock = std::chrono::steady_clock;

  Transfer(std::shared_ptr<MultiLoop> loop, HttpRequest request, ChunkSink* sink, const CurlOptions& options);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  void start();
  bool finished() const { return finished_; }
  /// Ends the transfer when one of our own timeouts has passed.
  void check_timeouts(Clock::time_point now);
  /// Sets the alarm to the next moment at which check_timeouts() may have something to do.
  void set_alarm();
  /// Goes off when a timeout is due and at once when the transfer ends. Its owner waits on it.
  boost::asio::steady_timer& alarm() { return alarm_; }
  /// Once, after the end. Rethrows what the sink threw.
  HttpOutcome take_outcome();

  void* easy() const { return easy_; }
  /// curl's verdict: a CURLcode. The handle is out of the loop already.
  void finish(int code);
  void fail_to_start(std::string_view reason);

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);

  void configure(const CurlOptions& options);
  void configure_request();
  bool take_header(std::string_view line);
  bool take_body(std::string_view bytes);
  bool deliver(std::string_view bytes);
  void begin_to_flow();
  void end(Ending ending, std::string_view detail);
  Ending classify(int code) const;
  Clock::time_point next_timeout() const;

  std::shared_ptr<MultiLoop> loop_;
  HttpRequest request_;
  ChunkSink* sink_;
  void* easy_;
  curl_slist* header_list_ = nullptr;
  std::array<char, 256> curl_words_{};
  boost::asio::steady_timer alarm_;

  Clock::time_point started_;
  Clock::time_point last_bytes_;
  bool answered_ = false;
  bool flowing_ = false;
  bool finished_ = false;
  /// Why we broke the transfer off ourselves, while curl is still on the stack.
  std::optional<Ending> broken_off_;
  std::exception_ptr sink_failure_;
  std::size_t header_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  HttpOutcome outcome_;
};

}  // namespace codelab::infra::curl
