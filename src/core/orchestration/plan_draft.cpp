#include "core/orchestration/plan_draft.hpp"

#include <cstddef>
#include <optional>
#include <utility>

#include <boost/json/parse.hpp>

#include "base/describe/decode.hpp"

namespace codelab::core::orchestration {
namespace {

constexpr std::string_view kRoot = "plan";

std::vector<base::FieldError> fault(std::string what) {
  return {{.loc = {std::string(kRoot)}, .msg = std::move(what)}};
}

/// From the brace at `begin` to the one that closes it; nothing when the text ends before.
std::optional<std::string_view> balanced(std::string_view text, std::size_t begin) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t at = begin; at < text.size(); ++at) {
    const char each = text[at];
    if (quoted && each == '\\') {
      ++at;
    } else if (each == '"') {
      quoted = !quoted;
    } else if (!quoted && each == '{') {
      ++depth;
    } else if (!quoted && each == '}' && --depth == 0) {
      return text.substr(begin, at + 1 - begin);
    }
  }
  return std::nullopt;
}

/// Objects that begin and do not end: each is looked through to the end of the text.
constexpr int kMostUnfinished = 16;

struct Found {
  std::optional<boost::json::object> object;
  /// Something began that was not finished.
  bool truncated = false;
};

/// The first object in the text that has nodes; prose before it may hold braces of its own.
Found find_object(std::string_view text) {
  Found found;
  int unfinished = 0;
  for (auto begin = text.find('{'); begin != std::string_view::npos; begin = text.find('{', begin + 1)) {
    const auto part = balanced(text, begin);
    if (!part) {
      found.truncated = true;
      if (++unfinished == kMostUnfinished) break;
      continue;
    }
    boost::system::error_code error;
    auto parsed = boost::json::parse({part->data(), part->size()}, error);
    if (error || !parsed.is_object()) continue;
    const bool wanted = parsed.get_object().contains("nodes");
    if (wanted || !found.object) found.object = std::move(parsed.get_object());
    if (wanted) break;
    begin += part->size() - 1;
  }
  return found;
}

}  // namespace

std::expected<PlanDraft, std::vector<base::FieldError>> read_draft(std::string_view answer) {
  auto found = find_object(answer);
  const bool whole = found.object && (found.object->contains("nodes") || !found.truncated);
  if (!whole && found.truncated) return std::unexpected(fault("the JSON object is not finished"));
  if (!found.object) return std::unexpected(fault("there is no JSON object"));
  base::Faults faults{std::string(kRoot)};
  PlanDraft draft;
  base::decode_object(boost::json::value(std::move(*found.object)), draft, faults);
  if (!faults.empty()) return std::unexpected(faults.take());
  return draft;
}

}  // namespace codelab::core::orchestration
