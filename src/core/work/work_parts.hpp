#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/chat/values.hpp"
#include "core/models/ports.hpp"
#include "core/work/work_log.hpp"

namespace codelab::core::work {

/// A tool call in a model's answer.
struct CallPart {
  std::string id;
  std::string name;
  std::string arguments;
  /// Of the task that the call may need: see ToolUse.
  base::TaskId step;

  static constexpr std::string_view kName = "CallPart";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("id", &CallPart::id), field("name", &CallPart::name),
                        field("arguments", &CallPart::arguments), field("step", &CallPart::step));
  }
};

/// An answer of a model that calls tools.
struct TurnPart {
  std::string text;
  std::vector<CallPart> calls;
  chat::Usage usage;

  static constexpr std::string_view kName = "TurnPart";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("text", &TurnPart::text), field("calls", &TurnPart::calls),
                        field("usage", &TurnPart::usage));
  }
};

/// What a tool gave back.
struct ResultPart {
  std::string text;
  bool failed = false;
  chat::Usage usage;

  static constexpr std::string_view kName = "ResultPart";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("text", &ResultPart::text), field("failed", &ResultPart::failed),
                        field("usage", &ResultPart::usage));
  }
};

/// A turn with those of its results that are there.
struct RecordedTurn {
  TurnPart turn;
  /// As many as the turn has calls.
  std::vector<std::optional<ResultPart>> results;
};

RecordedPart recorded(std::int64_t turn, const TurnPart& part);
/// `call` counts from 0.
RecordedPart recorded(std::int64_t turn, std::size_t call, const ResultPart& part);
/// In order; ends before what cannot be read.
std::vector<RecordedTurn> read_turns(std::span<const RecordedPart> parts);

}  // namespace codelab::core::work
