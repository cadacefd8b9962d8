#include "http/task_event_stream.hpp"

#include <chrono>
#include <utility>

#include "base/describe/encode.hpp"
#include "http/event_framing.hpp"
#include "http/problem.hpp"
#include "http/task_failure.hpp"

namespace codelab::http {
namespace {

/// A task has its own deadline and always ends; this is only how often the wait for it is renewed.
constexpr std::chrono::hours kRenewal{1};

std::string last_line(const core::chat::Task& task, const std::optional<core::chat::Message>& answer,
                      std::string_view trace_id) {
  if (answer) return base::encode(*answer) + "\n";
  return problem(task_failure(task), trace_id).body + "\n";
}

class TaskEventStream final : public BodyStream {
 public:
  TaskEventStream(std::shared_ptr<core::chat::TaskWatch> watch, std::string trace_id)
      : watch_(std::move(watch)), trace_id_(std::move(trace_id)) {}

  base::Task<std::optional<std::string>> next() override {
    while (!watch_->closed()) {
      const auto lines = co_await watch_->next(std::chrono::steady_clock::now() + kRenewal);
      if (lines.empty()) continue;
      co_return frame(EventFraming::ndjson, lines) + ending();
    }
    if (watch_->end() || std::exchange(told_, true)) co_return std::nullopt;
    co_return untold_end();
  }

  void close() noexcept override { watch_->close(); }

 private:
  /// Found in the store, or cut off before the task's end: by the server's, or because this reader fell too far behind.
  std::string untold_end() const {
    if (const auto& found = watch_->found()) return last_line(found->task, found->answer, trace_id_);
    if (const auto& refusal = watch_->refusal()) return problem(*refusal, trace_id_).body + "\n";
    const auto cut = base::make_error(base::ErrorCode::draining, "this stream was cut off; the task goes on");
    return problem(cut, trace_id_).body + "\n";
  }
  std::string ending() const {
    const auto& end = watch_->end();
    if (!end) return {};
    if (end->type == core::events::EventType::task_completed) return std::string(watch_->message()->payload()) + "\n";
    return problem(task_failure(end->payload()), trace_id_).body + "\n";
  }

  std::shared_ptr<core::chat::TaskWatch> watch_;
  std::string trace_id_;
  bool told_ = false;
};

}  // namespace

Response task_event_response(core::chat::Posted posted, std::string trace_id) {
  Response response{.status = 200, .headers = {}, .body = {}, .stream = nullptr};
  response.headers.add("Content-Type", "application/x-ndjson");
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("X-Accel-Buffering", "no");
  if (posted.watch) {
    response.stream = std::make_shared<TaskEventStream>(std::move(posted.watch), std::move(trace_id));
  } else {
    response.body = last_line(posted.task, posted.answer, trace_id);
  }
  return response;
}

}  // namespace codelab::http
