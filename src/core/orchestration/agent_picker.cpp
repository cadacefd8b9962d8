#include "core/orchestration/agent_picker.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <numeric>
#include <utility>

#include "base/log.hpp"
#include "core/memory/agent_memory.hpp"

namespace codelab::core::orchestration {
namespace {

constexpr std::size_t kMessageBytes = 2'000;
/// Who is asked when nobody is nearer: the names that teams give those that answer questions.
constexpr std::array<std::string_view, 3> kGeneralists{"asker", "assistant", "helper"};

/// Between spaces, so that no part of a word counts.
constexpr std::array<std::string_view, 16> kWordsOfOrder{
    " then ",    " after that ",   " afterwards ", " finally ", " followed by ", " and also ",
    " first ",   " step by step ", " затем ",      " потом ",   " после этого ", " после чего ",
    " в конце ", " сначала ",      " а также ",    " наконец "};

std::size_t generalist(const std::vector<agents::TeamMember>& team) {
  for (const std::string_view name : kGeneralists) {
    const auto found = std::ranges::find(team, name, &agents::TeamMember::name);
    if (found != team.end()) return static_cast<std::size_t>(found - team.begin());
  }
  return 0;
}

float similarity(const models::Embedding& one, const models::Embedding& other) {
  return std::inner_product(one.values.begin(), one.values.end(), other.values.begin(), 0.0F);
}

/// Words in lower case (ASCII; of Cyrillic only the small letters match) with single spaces between and around them.
std::string words_of(std::string_view text) {
  std::string words = " ";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = byte >= 0x80 || std::isalnum(byte) != 0 || c == '_' || c == '-';
    if (letter) words.push_back(static_cast<char>(std::tolower(byte)));
    if (!letter && words.back() != ' ') words.push_back(' ');
  }
  if (words.back() != ' ') words.push_back(' ');
  return words;
}

bool begins_item(std::string_view line) {
  const auto begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return false;
  line.remove_prefix(begin);
  if (line.starts_with("- ") || line.starts_with("* ")) return true;
  const auto digits = line.find_first_not_of("0123456789");
  return digits != 0 && digits != std::string_view::npos && (line[digits] == '.' || line[digits] == ')');
}

std::size_t items_in(std::string_view text) {
  std::size_t items = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    if (begins_item(text.substr(begin, end - begin))) ++items;
    begin = end + 1;
  }
  return items;
}

}  // namespace

base::Task<std::size_t> AgentPicker::pick(std::string message, std::vector<agents::TeamMember> team) {
  if (team.size() == 1) co_return 0;
  std::vector<std::string> texts{std::string(memory::utf8_prefix(message, kMessageBytes))};
  for (const agents::TeamMember& each : team) texts.push_back(each.name + ": " + each.description);
  auto embedded = co_await embedder_.embed(std::move(texts));
  if (!embedded) {
    base::log::warning("agent_not_picked", {{"reason", embedded.error().detail}});
    co_return generalist(team);
  }
  const auto nearest =
      std::max_element(embedded->begin() + 1, embedded->end(), [&](const auto& one, const auto& other) {
        return similarity(embedded->front(), one) < similarity(embedded->front(), other);
      });
  co_return static_cast<std::size_t>(nearest - embedded->begin() - 1);
}

bool asks_for_a_plan(std::string_view message, const std::vector<agents::TeamMember>& team) {
  if (team.size() < 2) return false;
  if (items_in(message) >= 2) return true;
  const std::string words = words_of(message);
  const auto occurs = [&](std::string_view what) { return words.contains(what); };
  if (std::ranges::any_of(kWordsOfOrder, occurs)) return true;
  return std::ranges::count_if(team, [&](const agents::TeamMember& each) { return occurs(words_of(each.name)); }) >= 2;
}

}  // namespace codelab::core::orchestration
