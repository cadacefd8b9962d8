#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "base/clock.hpp"
#include "base/cores.hpp"
#include "base/store_error.hpp"
#include "base/task.hpp"
#include "core/models/retry_policy.hpp"
#include "infra/curl/curl_client.hpp"
#include "infra/qdrant/options.hpp"

namespace codelab::infra::qdrant {

/// Whether a call may be sent again when it is not known how it ended.
enum class Repeat : std::uint8_t { yes, no };

using Deadline = std::chrono::steady_clock::time_point;

struct Call {
  /// For the log.
  std::string_view operation;
  std::string_view method;
  /// Below the server's address; begins with a slash, percent-encoded where need be.
  std::string path;
  /// JSON; empty: none is sent.
  std::string body = {};
  Repeat repeat = Repeat::yes;
  /// When the answer is wanted, if that is before the end of the client's own call_timeout.
  Deadline deadline = Deadline::max();
};

/// There was no answer in time.
class TimedOut final : public base::StoreError {
 public:
  using StoreError::StoreError;
};

/// What Qdrant said to a call: it did it, what the call is about is not there, or it is there already.
struct Answer {
  enum class Kind : std::uint8_t { done, missing, exists };

  Kind kind = Kind::done;
  boost::json::value body;

  bool done() const { return kind == Kind::done; }
  /// What `body` says under `result`; null when it says nothing.
  const boost::json::value& result() const;
};

/// Qdrant's REST interface: pooled connections, deadlines, repetition of what may be repeated. Thread-safe. Calls run
/// on the caller's core; those from any other thread run on the first core, and their caller's cancellation does not
/// reach them. Destroyed after the cores have stopped, before they are destroyed.
class Client {
 public:
  /// `options` are validated() ones.
  Client(Options options, base::Cores& cores);

  /// Throws base::StoreError, with words for an operator, for every other answer; TimedOut when there was none in time.
  base::Task<Answer> call(Call call);

  const Options& options() const { return options_; }

 private:
  using Steady = std::chrono::steady_clock;

  struct Failure {
    std::string reason;
    bool repeatable = false;
    bool timed_out = false;
    std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
  };

  base::Task<Answer> call_here(Call call);
  curl::HttpRequest request_for(const Call& call, Deadline deadline) const;
  /// Puts the answer into `answer`, or says why there is none.
  std::optional<Failure> judge(const curl::HttpOutcome& outcome, Answer& answer) const;
  Failure refusal(const curl::HttpOutcome& outcome) const;
  [[noreturn]] static void give_up(const Call& call, const Failure& failure);
  /// Before the next attempt; nullopt: there is none.
  std::optional<std::chrono::milliseconds> pause_after(const Failure& failure, const Call& call, int attempts,
                                                       Steady::time_point started, Deadline deadline) const;

  const Options options_;
  const base::SystemClock clock_;
  base::Cores& cores_;
  curl::CurlClients clients_;
  const core::models::RetryPolicy retry_;
};

}  // namespace codelab::infra::qdrant
