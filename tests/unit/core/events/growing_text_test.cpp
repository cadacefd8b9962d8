#include "core/events/growing_text.hpp"

#include <gtest/gtest.h>

namespace codelab::core::events {
namespace {

const base::TaskId kOne = base::TaskId::generate();
const base::TaskId kTwo = base::TaskId::generate();

GrowingTexts two_texts() {
  GrowingTexts texts;
  texts.begin(kOne, "coder", base::MessageId::generate(), 0);
  texts.begin(kTwo, "asker", base::MessageId::generate(), 0);
  return texts;
}

std::string text_in(const TextDelta& delta) {
  const auto begin = delta.event.payload.find("\"text\":\"") + 8;
  return delta.event.payload.substr(begin, delta.event.payload.rfind('"') - begin);
}

std::string all_text(const std::vector<TextDelta>& deltas, const base::TaskId& task) {
  std::string text;
  for (const TextDelta& delta : deltas) {
    if (delta.event.task == task) text += text_in(delta);
  }
  return text;
}

TEST(GrowingTexts, a_reader_who_stopped_in_mid_answer_gets_the_rest_as_one_delta) {
  auto texts = two_texts();
  texts.append(kOne, "Hello ", 4);
  const Position seen = texts.last(6).position;
  texts.append(kOne, "big ", 4);
  texts.append(kOne, "world", 4);
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
    texts.append(first ? kOne : kTwo, piece, 4 + i / 5);
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
  texts.append(kOne, "before", 4);
  texts.append(kOne, "after", 5);
  const auto rest = texts.after({.seq = 5});
  ASSERT_EQ(rest.size(), 1);
  EXPECT_EQ(text_in(rest.front()), "after");
}

TEST(GrowingTexts, an_ended_text_is_gone_and_the_count_starts_anew_when_none_is_left) {
  auto texts = two_texts();
  texts.append(kOne, "one", 4);
  texts.append(kTwo, "two", 4);
  texts.end(kOne);
  EXPECT_EQ(all_text(texts.after({}), kOne), "");
  EXPECT_EQ(all_text(texts.after({}), kTwo), "two");
  EXPECT_FALSE(texts.append(kOne, "more", 4));
  texts.end(kTwo);
  EXPECT_TRUE(texts.empty());
  EXPECT_EQ(texts.total(), 0);
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
