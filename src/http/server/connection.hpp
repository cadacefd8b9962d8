#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/task.hpp"
#include "http/message.hpp"
#include "http/server/output.hpp"
#include "http/server/read_buffer.hpp"
#include "http/server/request_reader.hpp"
#include "http/server/response_head.hpp"
#include "http/server/socket.hpp"
#include "http/server/worker.hpp"

namespace codelab::http::server {

/// One client: reads a request, has it answered, sends the answer, and only then looks at the next one. Everything
/// happens on its worker's thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  /// A connection that is not `admitted` is answered 503 and closed. The caller adds it to the worker's list.
  Connection(std::shared_ptr<Worker> worker, Socket socket, bool admitted);

  /// Serves until either side closes; then the connection is closed.
  base::Task<> run();

  /// Interrupts what the connection waits for when its time is up.
  void check_deadline(SteadyClock::time_point now);
  /// Closes at once when idle, else as soon as the current answer is sent; ends an open stream.
  void begin_drain();

  /// Its place in the worker's list, for the worker.
  std::size_t index = 0;

 private:
  enum class Phase : std::uint8_t { idle, reading, handling, writing, streaming, lingering };
  enum class ReadEnd : std::uint8_t { complete, failed, closed };

  base::Task<> serve();
  base::Task<ReadEnd> read_request();
  base::Task<bool> answer(Request request);
  /// Answers with the handler's error page; the connection is of no use afterwards.
  base::Task<> refuse(unsigned status);
  /// Ends our side and reads what still comes, for a bounded time, so that the peer gets to read the last answer.
  base::Task<> linger();
  void close();

  /// Sends all of output_; false when the peer is gone or takes nothing.
  base::Task<bool> flush();
  /// Sends what the socket takes now; false when the peer is gone.
  bool write_some();

  /// Sends a body piece by piece while it watches for the peer's disconnect; false when the connection is of no
  /// more use.
  base::Task<bool> send_stream(std::shared_ptr<BodyStream> stream, Framing framing);
  base::Task<bool> pump_stream(Framing framing);
  void close_stream() noexcept;
  void watch_peer();
  void on_peer_event(const boost::system::error_code& error, std::size_t count);
  base::Task<> stop_watching();

  void enter(Phase phase);
  void note_first_byte();
  ReadEnd read_ended_by(const boost::system::error_code& error);
  void start_answer(const Response& response, Method method, bool keep_alive);
  void record(Method method, unsigned status, std::size_t route);

  std::shared_ptr<Worker> worker_;
  Socket socket_;
  std::string remote_address_;
  /// A request has come.
  bool asked_ = false;
  RequestReader reader_;
  ReadBuffer input_;
  Output output_;
  /// The header or chunk framing that output_ refers to.
  std::string head_;
  SteadyClock::time_point deadline_ = SteadyClock::time_point::max();
  SteadyClock::time_point started_at_{};
  SteadyClock::duration answered_after_{};
  std::uint64_t bytes_out_ = 0;
  /// Null unless next() may be called.
  std::shared_ptr<BodyStream> stream_;
  Phase phase_ = Phase::idle;
  bool admitted_;
  bool timed_out_ = false;
  bool watching_ = false;
  bool peer_gone_ = false;
};

}  // namespace codelab::http::server
