#include "infra/words/word_index.hpp"

#include <algorithm>
#include <utility>

#include "infra/words/bm25.hpp"

namespace codelab::infra::words {
namespace {

/// What a word, a row and a word's place in a row take in memory, about.
constexpr std::size_t kBytesOfWord = 128;
constexpr std::size_t kBytesOfRow = 128;
constexpr std::size_t kBytesOfPosting = 16;

bool better(const WordHit& left, const WordHit& right) {
  return left.score != right.score ? left.score > right.score : left.row_id > right.row_id;
}

}  // namespace

WordIndex::Words::value_type& WordIndex::word_of(const std::string& stem) {
  const auto [found, is_new] = words_.try_emplace(stem);
  if (is_new) bytes_ += kBytesOfWord + stem.size();
  return *found;
}

WordIndex::Slot WordIndex::slot_for(std::int64_t row_id, const CountedText& text) {
  Slot slot = static_cast<Slot>(rows_.size());
  if (free_.empty()) {
    rows_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  rows_[slot] = {row_id, text.length, {}};
  slots_[row_id] = slot;
  total_length_ += text.length;
  bytes_ += kBytesOfRow;
  return slot;
}

void WordIndex::add(std::int64_t row_id, const CountedText& text) {
  if (given_up_) return;
  remove(row_id);
  if (slots_.size() == max_rows_) return give_up();
  const Slot slot = slot_for(row_id, text);
  rows_[slot].words.reserve(text.words.size());
  for (const auto& word : text.words) {
    auto& entry = word_of(word.stem);
    entry.second.push_back({slot, word.count});
    rows_[slot].words.push_back(&entry);
    bytes_ += kBytesOfPosting;
  }
}

void WordIndex::forget(Words::value_type& word, Slot slot) {
  auto& postings = word.second;
  *std::ranges::find(postings, slot, &Posting::slot) = postings.back();
  postings.pop_back();
  if (!postings.empty()) return;
  bytes_ -= kBytesOfWord + word.first.size();
  words_.erase(words_.find(word.first));
}

bool WordIndex::remove(std::int64_t row_id) {
  const auto found = slots_.find(row_id);
  if (found == slots_.end()) return false;
  const Slot slot = found->second;
  slots_.erase(found);
  const Row row = std::exchange(rows_[slot], {});
  for (auto* word : row.words) forget(*word, slot);
  total_length_ -= row.length;
  bytes_ -= kBytesOfRow + row.words.size() * kBytesOfPosting;
  free_.push_back(slot);
  return true;
}

void WordIndex::give_up() noexcept {
  *this = WordIndex(max_rows_);
  given_up_ = true;
}

/// By slot.
std::vector<bool> WordIndex::allowed_slots(const WordQuery& query) const {
  std::vector<bool> allowed(rows_.size(), !query.allowed);
  if (!query.allowed) return allowed;
  for (const auto row_id : *query.allowed) {
    if (const auto found = slots_.find(row_id); found != slots_.end()) allowed[found->second] = true;
  }
  return allowed;
}

/// By slot; 0 for a row that has none of the words.
std::vector<double> WordIndex::scores_of(const WordQuery& query) const {
  const auto allowed = allowed_slots(query);
  std::vector<const Postings*> postings;
  std::vector<double> frequencies;
  for (const auto& stem : query.stems) {
    static const Postings kNowhere;
    const auto found = words_.find(stem);
    postings.push_back(found == words_.end() ? &kNowhere : &found->second);
    frequencies.push_back(static_cast<double>(
        std::ranges::count_if(*postings.back(), [&](const Posting& at) { return allowed[at.slot]; })));
  }
  const auto rows = static_cast<double>(slots_.size());
  const Bm25 scorer({.documents = query.allowed ? static_cast<double>(query.allowed->size()) : rows,
                     .average_length = static_cast<double>(total_length_) / std::max(rows, 1.0)},
                    frequencies);
  std::vector<double> scores(rows_.size(), 0);
  for (std::size_t word = 0; word < postings.size(); ++word) {
    for (const auto& at : *postings[word]) {
      if (allowed[at.slot]) scores[at.slot] += scorer.part(word, at.count, static_cast<double>(rows_[at.slot].length));
    }
  }
  return scores;
}

std::optional<std::vector<WordHit>> WordIndex::search(const WordQuery& query) const {
  if (given_up_) return std::nullopt;
  const auto scores = scores_of(query);
  std::vector<WordHit> hits;
  for (Slot slot = 0; slot < scores.size(); ++slot) {
    if (scores[slot] > 0) hits.push_back({rows_[slot].row_id, scores[slot]});
  }
  const std::size_t kept = std::min(query.wanted, hits.size());
  std::ranges::nth_element(hits, hits.begin() + static_cast<std::ptrdiff_t>(kept), better);
  hits.resize(kept);
  for (const auto row_id : query.also) {
    const auto found = slots_.find(row_id);
    if (found == slots_.end() || scores[found->second] == 0) continue;
    if (std::ranges::find(hits, row_id, &WordHit::row_id) == hits.end())
      hits.push_back({row_id, scores[found->second]});
  }
  return hits;
}

}  // namespace codelab::infra::words
