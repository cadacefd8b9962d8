#include "http/handlers/chat/stream.hpp"

#include <algorithm>
#include <utility>

#include "http/event_framing.hpp"
#include "http/handlers/chat/sessions.hpp"
#include "http/parameters.hpp"
#include "http/problem.hpp"

namespace codelab::http::handlers {
namespace {

class SessionEventStream final : public BodyStream {
 public:
  SessionEventStream(core::events::StreamReader reader, EventFraming framing)
      : reader_(std::move(reader)), framing_(framing) {}

  base::Task<std::optional<std::string>> next() override {
    const auto lines = co_await reader_.next();
    if (lines.empty()) co_return std::nullopt;
    co_return frame(framing_, lines);
  }

  void close() noexcept override { reader_.close(); }

 private:
  core::events::StreamReader reader_;
  EventFraming framing_;
};

using Since = std::optional<core::events::Position>;

base::Result<Since> position_in(std::optional<std::string_view> text, std::string_view place,
                                const Parameter& parameter) {
  if (!text) return Since{};
  const auto position = core::events::Position::parse(*text);
  if (position) return position;
  return base::Error{.code = base::ErrorCode::validation_failed,
                     .detail = "the request is not valid",
                     .fields = {{.loc = {std::string(place), std::string(parameter.name)},
                                 .msg = "must be the id of an event, or 0"}}};
}

/// The later of `since` and Last-Event-ID: a browser that reconnects keeps its address and adds the header.
base::Result<Since> since_of(const ApiRequest& request) {
  const std::string_view header = request.raw.headers.get(parameters::kLastEventId.name);
  const auto sent = header.empty() ? std::nullopt : std::optional(header);
  const auto in_query = position_in(request.target.find(parameters::kSince.name), "query", parameters::kSince);
  if (!in_query) return in_query.error();
  const auto in_header = position_in(sent, "header", parameters::kLastEventId);
  if (!in_header) return in_header.error();
  return std::max(*in_query, *in_header);
}

}  // namespace

base::Task<Response> StreamHandler::follow(UserRequest request) {
  const auto id = session_in_path(request);
  if (!id) co_return problem(id.error(), request.trace_id);
  const auto since = since_of(request);
  if (!since) co_return problem(since.error(), request.trace_id);
  const core::events::StreamReader::Options options{.since = *since, .heartbeat = heartbeat_};
  auto reader = co_await streams_.open(request.identity, *id, options);
  if (!reader) co_return problem(reader.error(), request.trace_id);
  const EventFraming framing = framing_of(request.raw.headers.joined("Accept"));
  Response response;
  response.headers.add("Content-Type", std::string(content_type_of(framing)));
  response.headers.add("Cache-Control", "no-store");
  response.headers.add("X-Accel-Buffering", "no");
  response.stream = std::make_shared<SessionEventStream>(std::move(*reader), framing);
  co_return response;
}

}  // namespace codelab::http::handlers
