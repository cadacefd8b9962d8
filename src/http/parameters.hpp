#pragma once

#include "core/approvals/approval.hpp"
#include "core/chat/values.hpp"
#include "http/parameter.hpp"

/// Every parameter of the API that stands in a query or a header.
namespace codelab::http::parameters {

inline constexpr Parameter kLimit{
    .name = "limit", .doc = "The most items of the page.", .bounds = Bounds{.minimum = 1, .maximum = 200, .start = 50}};
inline constexpr Parameter kCursor{
    .name = "cursor", .doc = "The `next_cursor` of the page before; without it the first page.", .format = "uuid"};
inline constexpr Parameter kBefore{
    .name = "before", .doc = "Only messages that stand before the one with this id.", .format = "uuid"};
inline constexpr Parameter kAfter{.name = "after",
                                  .doc = "Only messages that stand after the one with this id; wins over `cursor`.",
                                  .format = "uuid"};
inline constexpr Parameter kSession{.name = "session_id", .doc = "Only tasks of this chat session.", .format = "uuid"};
inline constexpr Parameter kStatus{
    .name = "status", .doc = "Only tasks in this state.", .choices = base::EnumNames<core::chat::TaskStatus>::kNames};
inline constexpr Parameter kApprovalStatus{.name = "status",
                                           .doc = "Only approvals in this state.",
                                           .choices = base::EnumNames<core::approvals::ApprovalStatus>::kNames};
inline constexpr Parameter kWait{
    .name = "wait",
    .doc = "Seconds to wait for the answer; past them the task is answered (202) and runs on.",
    .bounds = Bounds{.minimum = 0, .maximum = 3'600, .start = 120}};
inline constexpr Parameter kQuestion{
    .name = "q", .doc = "What to look for, at most 8192 bytes of UTF-8.", .required = true, .max_bytes = 8'192};
inline constexpr Parameter kTopK{
    .name = "top_k", .doc = "The most hits.", .bounds = Bounds{.minimum = 1, .maximum = 100, .start = 10}};
inline constexpr Parameter kFilter{
    .name = "filter",
    .doc =
        "Only memories whose metadata holds this: a JSON object, percent-encoded, key by key equal, such as "
        "`{\"topic\":\"boats\"}`. Empty lets all pass."};
inline constexpr Parameter kSince{
    .name = "since",
    .doc =
        "The id of an event: every later one is sent, once and in order. 0 is the beginning. Without it: the events "
        "still in the buffer, then live."};
inline constexpr Parameter kLastEventId{
    .name = "Last-Event-ID", .doc = "As `since`, as a browser sends it when it connects again; the later one holds."};
inline constexpr Parameter kIdempotencyKey{
    .name = "Idempotency-Key",
    .doc =
        "At most 255 bytes of your choice. The same key with the same body never runs twice: the first answer is "
        "returned again. With another body: 409.",
    .max_bytes = 255};
inline constexpr Parameter kPrefer{.name = "Prefer",
                                   .doc = "`respond-async` answers the task (202) at once; follow it on the stream."};

}  // namespace codelab::http::parameters
