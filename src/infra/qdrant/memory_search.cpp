#include "infra/qdrant/memory_search.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "core/memory/fusion.hpp"
#include "infra/qdrant/conditions.hpp"
#include "infra/qdrant/gather.hpp"
#include "infra/qdrant/metadata_facts.hpp"
#include "infra/qdrant/sparse_words.hpp"
#include "infra/qdrant/vector_json.hpp"
#include "infra/words/text_words.hpp"

namespace codelab::infra::qdrant {
namespace {

namespace json = boost::json;
using core::memory::Candidate;
using core::memory::MemoryHit;
using core::memory::MemoryQuery;

using Hits = std::vector<std::vector<Point>>;

struct Found {
  Candidate candidate;
  StoredMemory memory;
};

/// By id, which grows with time.
using FoundById = std::map<std::string, Found>;

/// The words with their weights among the memories that `conditions` leave; none when there are no such memories.
base::Task<SparseWords> weigh(Points& points, std::vector<SearchPlace> places, json::array conditions,
                              std::vector<std::int64_t> indices) {
  std::vector<base::Task<std::int64_t>> counts;
  for (const auto& each : places) {
    counts.push_back(points.count(each.place, conditions));
    for (const auto index : indices) {
      auto with_word = conditions;
      with_word.push_back(equals("words", index));
      counts.push_back(points.count(each.place, std::move(with_word)));
    }
  }
  const auto counted = co_await gather(std::move(counts));
  double documents = 0;
  std::vector<double> frequencies(indices.size(), 0);
  auto count = counted.begin();
  for (std::size_t place = 0; place < places.size(); ++place) {
    documents += static_cast<double>(*count++);
    for (double& frequency : frequencies) frequency += static_cast<double>(*count++);
  }
  if (documents == 0) co_return SparseWords();
  co_return words_of_query(indices, documents, frequencies);
}

/// The requests to the Query API for one place.
class Searches {
 public:
  Searches(const MemoryQuery& query, const SparseWords& words)
      : wanted_(std::max<std::int64_t>(query.candidates, 1)),
        vector_(vector_json(query.embedding.values)),
        words_(words.indices.empty() ? "" : sparse_json(words)) {}

  /// By vector first: its hits have their payloads. Then by words, if the query has any.
  std::vector<std::string> of(const SearchPlace& where, const json::array& conditions) const {
    const auto filter = filter_of(where.place, conditions);
    std::vector<std::string> searches;
    if (!where.comparable) {
      if (!words_.empty()) searches.push_back(with_payload(nearest(words_, "words", wanted_, filter)));
    } else if (words_.empty()) {
      searches.push_back(with_payload(nearest(vector_, "dense", wanted_, filter)));
    } else {
      // What either list finds is scored by both.
      const auto lists = fmt::format(R"("prefetch":[{{{}}},{{{}}}],)", nearest(vector_, "dense", wanted_, filter),
                                     nearest(words_, "words", wanted_, filter));
      searches.push_back(with_payload(lists + nearest(vector_, "dense", 2 * wanted_, filter)));
      searches.push_back('{' + lists + nearest(words_, "words", 2 * wanted_, filter) + '}');
    }
    return searches;
  }

 private:
  static std::string nearest(std::string_view query, std::string_view vectors, std::int64_t limit,
                             std::string_view filter) {
    return fmt::format(R"("query":{},"using":"{}","limit":{},"filter":{})", query, vectors, limit, filter);
  }
  static std::string with_payload(const std::string& search) {
    return fmt::format(R"({{{},"with_payload":{}}})", search, kItemPayload);
  }

  std::int64_t wanted_;
  std::string vector_;
  std::string words_;
};

void take_comparable(FoundById& found, Hits hits) {
  for (Point& point : hits.at(0)) {
    Found each{.candidate = {.parts = {.semantic = point.score}}, .memory = std::move(point.payload)};
    found.insert_or_assign(std::move(point.id), std::move(each));
  }
  if (hits.size() == 1) return;
  for (const Point& point : hits[1]) {
    if (const auto known = found.find(point.id); known != found.end()) {
      known->second.candidate.parts.lexical = point.score;
    }
  }
}

void take_others(FoundById& found, Hits hits) {
  for (Point& point : hits.at(0)) {
    Found each{.candidate = {.parts = {.lexical = point.score}, .comparable = false},
               .memory = std::move(point.payload)};
    found.insert_or_assign(std::move(point.id), std::move(each));
  }
}

std::vector<MemoryHit> fused(const FoundById& found, const MemoryQuery& query) {
  std::vector<Candidate> candidates;
  std::vector<const FoundById::value_type*> by_row;
  for (const auto& each : found) {
    auto& candidate = candidates.emplace_back(each.second.candidate);
    candidate.row_id = static_cast<std::int64_t>(by_row.size());
    by_row.push_back(&each);
  }
  std::vector<MemoryHit> hits;
  for (const auto& best : core::memory::fuse(std::move(candidates), query.top_k, query.min_score)) {
    const auto& [id, each] = *by_row[static_cast<std::size_t>(best.row_id)];
    hits.push_back({.memory = item_of(id, each.memory), .score = best.score, .parts = best.parts});
  }
  return hits;
}

}  // namespace

base::Task<std::vector<MemoryHit>> search_memories(Points& points, std::vector<SearchPlace> places,
                                                   words::QueryWords wanted, MemoryQuery query) {
  const auto conditions = holds_facts(query.filter);
  auto indices = indices_of(std::move(wanted));
  SparseWords words;
  if (!indices.empty()) {
    words = co_await weigh(points, places, conditions, std::move(indices));
    if (words.indices.empty()) co_return std::vector<MemoryHit>();
  }
  const Searches searches(query, words);
  std::vector<base::Task<Hits>> asked;
  std::vector<bool> comparable;
  for (const auto& each : places) {
    auto requests = searches.of(each, conditions);
    if (requests.empty()) continue;
    asked.push_back(points.query(each.place, std::move(requests)));
    comparable.push_back(each.comparable);
  }
  auto answers = co_await gather(std::move(asked));
  FoundById found;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    comparable[i] ? take_comparable(found, std::move(answers[i])) : take_others(found, std::move(answers[i]));
  }
  co_return fused(found, query);
}

}  // namespace codelab::infra::qdrant
