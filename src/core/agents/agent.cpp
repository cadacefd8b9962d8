#include "core/agents/agent.hpp"

#include <algorithm>

namespace codelab::core::agents {
namespace {

constexpr std::size_t kMaxNameLength = 64;

constexpr bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

}  // namespace

AgentRef AgentRef::parse(std::string_view text) {
  return {.id = base::AgentId::parse(text), .name = std::string(text)};
}

std::optional<std::string> fault_of_agent_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameLength) return "must have 1 to 64 characters";
  if (!std::ranges::all_of(name, is_name_character)) return "may hold letters, digits, '_' and '-' only";
  if (base::parse_uuid(name)) return "must not be shaped like a UUID";
  return std::nullopt;
}

}  // namespace codelab::core::agents
