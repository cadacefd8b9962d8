#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace codelab::infra::words {

/// A text as an index sees it.
struct CountedText {
  struct Word {
    std::string stem;
    /// How often it stands there, 255 at most.
    std::uint8_t count = 0;
  };

  /// Each stem once.
  std::vector<Word> words;
  /// Of the whole text, in bytes.
  std::size_t length = 0;
};

/// What is looked for.
struct WordQuery {
  /// Each once.
  std::vector<std::string> stems;
  /// How many of the best rows are wanted.
  std::size_t wanted = 0;
  /// Rows whose scores are wanted as well.
  std::span<const std::int64_t> also;
  /// Ascending; with it only those rows are looked at and counted.
  std::optional<std::span<const std::int64_t>> allowed;
};

struct WordHit {
  std::int64_t row_id = 0;
  /// BM25, see bm25.hpp; more than 0.
  double score = 0;
};

/// How often each word stands in each of a few thousand texts, for exact BM25 scores in microseconds. Derived, can be
/// rebuilt from the texts at any time. Past `max_rows` it is of no use any more and holds nothing: larger sets of texts
/// belong into an index on disk. Not thread-safe.
class WordIndex {
 public:
  explicit WordIndex(std::size_t max_rows) : max_rows_(max_rows) {}
  WordIndex(WordIndex&&) = default;
  WordIndex& operator=(WordIndex&&) = default;

  /// Adds the row, or replaces the text of a row that is here already.
  void add(std::int64_t row_id, const CountedText& text);
  /// False when there is no such row.
  bool remove(std::int64_t row_id);
  /// Makes it hold nothing from now on, as one row too many does.
  void give_up() noexcept;

  /// The `wanted` best rows and those of `also` that hold any of the words, in no order; ties go to the larger row id.
  /// Nullopt once there were too many rows.
  std::optional<std::vector<WordHit>> search(const WordQuery& query) const;

  /// Memory held, about, in bytes.
  std::size_t bytes() const noexcept { return sizeof(*this) + bytes_; }

 private:
  using Slot = std::uint32_t;
  struct Posting {
    Slot slot;
    std::uint8_t count;
  };
  using Postings = std::vector<Posting>;
  using Words = std::unordered_map<std::string, Postings>;
  struct Row {
    std::int64_t row_id;
    std::size_t length;
    /// Their places in the map, which do not move.
    std::vector<Words::value_type*> words;
  };

  Words::value_type& word_of(const std::string& stem);
  Slot slot_for(std::int64_t row_id, const CountedText& text);
  void forget(Words::value_type& word, Slot slot);
  std::vector<bool> allowed_slots(const WordQuery& query) const;
  std::vector<double> scores_of(const WordQuery& query) const;

  std::size_t max_rows_;
  bool given_up_ = false;
  Words words_;
  /// By slot; free ones stay.
  std::vector<Row> rows_;
  std::vector<Slot> free_;
  std::unordered_map<std::int64_t, Slot> slots_;
  std::size_t total_length_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace codelab::infra::words
