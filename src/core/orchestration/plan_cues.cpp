#include "core/orchestration/plan_cues.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "core/memory/agent_memory.hpp"

namespace codelab::core::orchestration {
namespace {

/// Who asks for more than one agent can do says so soon.
constexpr std::size_t kExaminedBytes = 4'000;
constexpr std::size_t kItems = 2;
constexpr std::size_t kTasks = 3;
/// Where their order is said.
constexpr std::size_t kTasksInOrder = 2;
constexpr std::size_t kNames = 2;

/// Between spaces, so that no part of a word counts.
constexpr std::array<std::string_view, 12> kWordsOfOrder{
    " then ",  " after that ", " afterwards ",  " finally ",    " followed by ", " step by step ",
    " затем ", " потом ",      " после этого ", " после чего ", " в конце ",     " наконец "};
/// With one of those it is an order, whatever is to be done.
constexpr std::array<std::string_view, 2> kWordsOfBeginning{" first ", " сначала "};
/// What a task may begin with before its verb.
constexpr std::array<std::string_view, 14> kFillers{"please",  "also",       "and",        "then",   "first",
                                                    "finally", "afterwards", "пожалуйста", "и",      "а",
                                                    "затем",   "потом",      "сначала",    "наконец"};
constexpr std::array<std::string_view, 30> kTaskVerbs{
    "analyse",  "analyze", "build",    "check",    "compare",  "create",   "debug",  "deploy",    "describe", "design",
    "document", "draft",   "estimate", "evaluate", "explain",  "find",     "fix",    "implement", "list",     "measure",
    "optimize", "plan",    "prepare",  "propose",  "refactor", "research", "review", "summarize", "test",     "write"};
/// Without what makes them plural or polite.
constexpr std::array<std::string_view, 18> kTaskVerbsInRussian{
    "спроектируй", "напиши",   "реализуй", "создай",  "проверь",       "протестируй",
    "исправь",     "отладь",   "опиши",    "объясни", "сравни",        "найди",
    "перечисли",   "переведи", "составь",  "оцени",   "проанализируй", "предложи"};

/// Of a Cyrillic letter in UTF-8 that begins at `at`, in place.
void make_small(std::string& text, std::size_t at) {
  constexpr unsigned char kFirstHalf = 0xD0;
  constexpr unsigned char kSecondHalf = 0xD1;
  if (at + 1 >= text.size() || static_cast<unsigned char>(text[at]) != kFirstHalf) return;
  const auto second = static_cast<unsigned char>(text[at + 1]);
  if (second >= 0x90 && second <= 0x9F) text[at + 1] = static_cast<char>(second + 0x20);
  if (second >= 0xA0 && second <= 0xAF) {
    text[at] = static_cast<char>(kSecondHalf);
    text[at + 1] = static_cast<char>(second - 0x20);
  }
}

/// Words in small letters, of Latin and of Cyrillic, with single spaces between and around them.
std::string words_of(std::string_view text) {
  std::string small(text);
  for (std::size_t at = 0; at < small.size(); ++at) make_small(small, at);
  std::string words = " ";
  for (const char c : small) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = byte >= 0x80 || std::isalnum(byte) != 0 || c == '_' || c == '-';
    if (letter) words.push_back(static_cast<char>(std::tolower(byte)));
    if (!letter && words.back() != ' ') words.push_back(' ');
  }
  if (words.back() != ' ') words.push_back(' ');
  return words;
}

/// Calls `with` each part of the text between any of `separators`.
template <class With>
void for_each_part(std::string_view text, std::string_view separators, With with) {
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find_first_of(separators, begin), text.size());
    with(text.substr(begin, end - begin));
    begin = end + 1;
  }
}

bool begins_item(std::string_view line) {
  const auto begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return false;
  line.remove_prefix(begin);
  if (line.starts_with("- ") || line.starts_with("* ")) return true;
  const auto digits = line.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos || digits + 1 >= line.size()) return false;
  return (line[digits] == '.' || line[digits] == ')') && line[digits + 1] == ' ';
}

std::size_t items_in(std::string_view text) {
  std::size_t items = 0;
  for_each_part(text, "\n", [&](std::string_view line) { items += begins_item(line) ? 1 : 0; });
  return items;
}

/// `words` as words_of() gives them.
bool begins_task(std::string_view words) {
  bool found = false;
  bool looking = true;
  for_each_part(words, " ", [&](std::string_view word) {
    if (!looking || word.empty() || std::ranges::count(kFillers, word) > 0) return;
    looking = false;
    const auto begins = [&](std::string_view verb) { return word.starts_with(verb); };
    found = std::ranges::count(kTaskVerbs, word) > 0 || std::ranges::any_of(kTaskVerbsInRussian, begins);
  });
  return found;
}

bool joins(std::string_view word) { return word == "and" || word == "и"; }

/// Between marks, and between words that join two tasks.
std::size_t tasks_in(std::string_view text) {
  std::size_t tasks = 0;
  for_each_part(text, ".,;:!?\n", [&](std::string_view part) {
    std::string one;
    for_each_part(words_of(part), " ", [&](std::string_view word) {
      if (joins(word)) {
        tasks += begins_task(one) ? 1 : 0;
        one.clear();
      } else {
        one.append(word).push_back(' ');
      }
    });
    tasks += begins_task(one) ? 1 : 0;
  });
  return tasks;
}

bool says_an_order(std::string_view words, std::size_t tasks) {
  const auto occurs = [&](std::string_view what) { return words.contains(what); };
  if (std::ranges::none_of(kWordsOfOrder, occurs)) return false;
  return tasks >= kTasksInOrder || std::ranges::any_of(kWordsOfBeginning, occurs);
}

}  // namespace

bool asks_for_a_plan(std::string_view message, const std::vector<agents::TeamMember>& team) {
  if (team.size() < 2) return false;
  message = memory::utf8_prefix(message, kExaminedBytes);
  const std::string words = words_of(message);
  const auto tasks = tasks_in(message);
  if (items_in(message) >= kItems || tasks >= kTasks || says_an_order(words, tasks)) return true;
  const auto named = std::ranges::count_if(team, [&](const auto& each) { return words.contains(words_of(each.name)); });
  return static_cast<std::size_t>(named) >= kNames;
}

}  // namespace codelab::core::orchestration
