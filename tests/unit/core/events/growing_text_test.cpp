#include "core/events/growing_text.hpp"

#include <gtest/gtest.h>

namespace codelab::core::events {
namespace {

const base::MessageId kOne = base::MessageId::generate();
const base::MessageId kTwo = base::MessageId::generate();

GrowingTexts two_texts() {
  GrowingTexts texts;
  texts.begin(base::TaskId::generate(), "coder", kOne);
  texts.begin(base::TaskId::generate(), "asker", kTwo);
  return texts;
}

/// Behind that event, and all that came before.
bool append(GrowingTexts& texts, const base::MessageId& message, std::string_view text, std::int64_t seq) {
  return texts.append(message, text, texts.behind(seq));
}

std::string text_in(const TextDelta& delta) {
  const auto begin = delta.event.payload.find("\"text\":\"") + 8;
  return delta.event.payload.substr(begin, delta.event.payload.rfind('"') - begin);
}

std::string all_text(const std::vector<TextDelta>& deltas, const base::MessageId& message) {
  std::string text;
  for (const TextDelta& delta : deltas) {
    if (delta.event.payload.contains(message.str())) text += text_in(delta);
  }
  return text;
}

TEST(GrowingTexts, a_reader_who_stopped_in_mid_answer_gets_the_rest_as_one_delta) {
  auto texts = two_texts();
  append(texts, kOne, "Hello ", 4);
  const Position seen = texts.last(6).position;
  append(texts, kOne, "big ", 4);
  append(texts, kOne, "world", 4);
  const auto rest = texts.after(seen);
  ASSERT_EQ(rest.size(), 1);
  EXPECT_EQ(text_in(rest.front()), "big world");
  EXPECT_TRUE(rest.front().event.payload.contains("\"offset\":6"));
}

TEST(GrowingTexts, whoever_drops_after_any_delta_of_two_mixed_answers_misses_and_repeats_nothing) {
  auto texts = two_texts();
  std::vector<Position> positions{{.seq = 4}};
  std::vector<std::pair<std::string, std::string>> seen{{"", ""}};
  std::pair<std::string, std::string> sofar;
  for (int i = 0; i < 12; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 3 + 1), static_cast<char>('a' + i));
    const bool first = i % 4 != 2;
    append(texts, first ? kOne : kTwo, piece, 4 + i / 5);
    (first ? sofar.first : sofar.second) += piece;
    positions.push_back(texts.last(piece.size()).position);
    seen.push_back(sofar);
  }
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const auto rest = texts.after(positions[i]);
    EXPECT_EQ(seen[i].first + all_text(rest, kOne), sofar.first) << i;
    EXPECT_EQ(seen[i].second + all_text(rest, kTwo), sofar.second) << i;
    EXPECT_TRUE(std::ranges::is_sorted(rest, {}, &TextDelta::position));
  }
}

TEST(GrowingTexts, who_saw_a_later_event_of_the_log_has_seen_the_deltas_before_it) {
  auto texts = two_texts();
  append(texts, kOne, "before", 4);
  append(texts, kOne, "after", 5);
  const auto rest = texts.after({.seq = 5});
  ASSERT_EQ(rest.size(), 1);
  EXPECT_EQ(text_in(rest.front()), "after");
}

TEST(GrowingTexts, an_ended_text_is_gone_and_the_count_starts_anew_behind_the_next_event_when_none_is_left) {
  auto texts = two_texts();
  append(texts, kOne, "one", 4);
  append(texts, kTwo, "two", 4);
  texts.end(kOne);
  EXPECT_EQ(all_text(texts.after({}), kOne), "");
  EXPECT_EQ(all_text(texts.after({}), kTwo), "two");
  EXPECT_FALSE(append(texts, kOne, "more", 4));
  texts.end(kTwo);
  EXPECT_TRUE(texts.empty());
  EXPECT_EQ(texts.behind(4), (Position{.seq = 4, .delta = 6}));
  EXPECT_EQ(texts.behind(5), (Position{.seq = 5}));
}

TEST(GrowingTexts, pieces_of_one_text_that_others_come_between_stay_apart) {
  auto texts = two_texts();
  texts.append(kOne, "ab", {.seq = 4, .delta = 0});
  texts.append(kOne, "cd", {.seq = 4, .delta = 7});
  const auto all = texts.after({});
  ASSERT_EQ(all.size(), 2);
  EXPECT_EQ(all[1].position, (Position{.seq = 4, .delta = 9}));
  EXPECT_EQ(all_text(texts.after({.seq = 4, .delta = 8}), kOne), "d");
}

TEST(GrowingTexts, a_task_that_begins_anew_has_no_text) {
  GrowingTexts texts;
  const auto task = base::TaskId::generate();
  texts.begin(task, "coder", kOne);
  append(texts, kOne, "one", 4);
  texts.begin(base::TaskId::generate(), "asker", kTwo);
  texts.end_of(task);
  EXPECT_FALSE(texts.length_of(kOne));
  EXPECT_TRUE(texts.length_of(kTwo));
}

TEST(Position, its_text_form_sorts_as_positions_do_and_is_read_again) {
  const std::vector<Position> sorted{{.seq = 9}, {.seq = 9, .delta = 80}, {.seq = 9, .delta = 700}, {.seq = 10}};
  for (std::size_t i = 0; i + 1 < sorted.size(); ++i) {
    EXPECT_LT(sorted[i], sorted[i + 1]);
    EXPECT_LT(sorted[i].str(), sorted[i + 1].str());
    EXPECT_EQ(Position::parse(sorted[i].str()), sorted[i]);
  }
  EXPECT_EQ(Position::parse("0"), Position{});
  for (const char* text : {"", "-1", "1.", ".1", "1.2.3", "abc", "1 ", "9999999999999999"}) {
    EXPECT_FALSE(Position::parse(text)) << text;
  }
}

}  // namespace
}  // namespace codelab::core::events
