#include "core/work/work_parts.hpp"

#include <utility>

#include "base/describe/decode.hpp"
#include "base/describe/encode.hpp"
#include "base/describe/parse_json.hpp"

namespace codelab::core::work {
namespace {

template <class Part>
std::optional<Part> read(const std::string& content) {
  const auto json = base::parse_json(content);
  if (!json) return std::nullopt;
  auto part = base::decode<Part>(*json);
  if (!part) return std::nullopt;
  return std::move(*part);
}

}  // namespace

RecordedPart recorded(std::int64_t turn, const TurnPart& part) {
  return {.turn = turn, .call = 0, .content = base::encode(part)};
}

RecordedPart recorded(std::int64_t turn, std::size_t call, const ResultPart& part) {
  return {.turn = turn, .call = static_cast<std::int64_t>(call) + 1, .content = base::encode(part)};
}

std::vector<RecordedTurn> read_turns(std::span<const RecordedPart> parts) {
  std::vector<RecordedTurn> turns;
  for (const RecordedPart& part : parts) {
    if (part.call == 0) {
      auto turn = read<TurnPart>(part.content);
      if (!turn || part.turn != std::ssize(turns) + 1) break;
      const auto calls = turn->calls.size();
      turns.push_back({.turn = std::move(*turn), .results = std::vector<std::optional<ResultPart>>(calls)});
    } else if (part.turn == std::ssize(turns) && part.call <= std::ssize(turns.back().results)) {
      turns.back().results[static_cast<std::size_t>(part.call) - 1] = read<ResultPart>(part.content);
    }
  }
  return turns;
}

}  // namespace codelab::core::work
