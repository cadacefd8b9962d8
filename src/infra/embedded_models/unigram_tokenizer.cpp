#include "infra/embedded_models/unigram_tokenizer.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <boost/json.hpp>

#include "infra/embedded_models/unicode.hpp"

namespace codelab::infra::embedded_models {
namespace {

constexpr char32_t kSpaceMark = U'\u2581';
constexpr std::size_t kReservedPieces = 6;

std::vector<PieceTrie::Entry> searchable(const std::vector<UnigramTokenizer::Piece>& pieces) {
  std::vector<PieceTrie::Entry> entries;
  entries.reserve(pieces.size());
  for (std::size_t id = kReservedPieces; id < pieces.size(); ++id) {
    entries.emplace_back(pieces[id].text, static_cast<std::int32_t>(id));
  }
  return entries;
}

}  // namespace

std::expected<std::unique_ptr<UnigramTokenizer>, std::string> UnigramTokenizer::open(
    const std::filesystem::path& vocabulary) {
  std::ifstream file(vocabulary, std::ios::binary);
  if (!file) return std::unexpected("cannot read " + vocabulary.string());
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  boost::system::error_code failure;
  const boost::json::value root = boost::json::parse(text, failure);
  if (failure || !root.is_array()) return std::unexpected(vocabulary.string() + " is not a JSON array");
  std::vector<Piece> pieces;
  pieces.reserve(root.get_array().size());
  for (const boost::json::value& entry : root.get_array()) {
    const auto* pair = entry.if_array();
    if (pair == nullptr || pair->size() != 2 || !pair->front().is_string() || pair->front().get_string().empty()) {
      return std::unexpected(vocabulary.string() + " has an entry that is not [text, score]");
    }
    const boost::json::value& score = pair->back();
    pieces.push_back({decode_utf8(pair->front().get_string()), score.is_number() ? score.to_number<double>() : 0.0});
  }
  return std::make_unique<UnigramTokenizer>(pieces);
}

UnigramTokenizer::UnigramTokenizer(const std::vector<Piece>& pieces) : trie_(searchable(pieces)) {
  scores_.reserve(pieces.size());
  for (const Piece& piece : pieces) scores_.push_back(piece.score);
}

std::vector<std::int32_t> UnigramTokenizer::encode(std::string_view utf8, std::size_t limit) const {
  std::vector<std::int32_t> ids;
  double score = 0;
  bool first = true;
  // NFKC joins nothing to a space, and its mark may only begin a piece. So the text can be cut before each space, and
  // the pieces found up to there do not depend on the rest.
  while (!utf8.empty() && ids.size() < limit) {
    const std::size_t end = std::min(utf8.find(' ', first ? 0 : 1), utf8.size());
    if (end > 0) {
      std::u32string word = normalize_compatible(utf8.substr(0, end));
      std::ranges::replace(word, U' ', kSpaceMark);
      if (first) word.insert(word.begin(), kSpaceMark);
      encode_word(word, score, ids);
    } else {
      encode_word(std::u32string_view(&kSpaceMark, 1), score, ids);
    }
    first = false;
    utf8.remove_prefix(end);
  }
  if (ids.size() > limit) ids.resize(limit);
  return ids;
}

void UnigramTokenizer::encode_word(std::u32string_view word, double& score, std::vector<std::int32_t>& ids) const {
  struct Cut {
    double score = 0;
    std::int32_t id = kUnknown;
    std::uint32_t length = 1;
  };
  std::vector<Cut> best(word.size() + 1);
  best.front().score = score;
  for (std::size_t at = 0; at < word.size(); ++at) {
    const auto offer = [&](std::size_t length, std::int32_t id, double piece_score) {
      Cut& cut = best[at + length];
      const double sum = piece_score + best[at].score;
      // A score of exactly 0 means "not reached yet" to the package; the later start wins a tie.
      if (cut.score == 0 || sum >= cut.score) cut = {sum, id, static_cast<std::uint32_t>(length)};
    };
    bool known = false;
    trie_.for_each_prefix(word.substr(at), [&](std::size_t length, std::int32_t id) {
      known = true;
      offer(length, id, scores_[static_cast<std::size_t>(id)]);
    });
    if (!known) offer(1, kUnknown, 0);
  }
  score = best.back().score;
  const std::size_t before = ids.size();
  for (std::size_t at = word.size(); at > 0; at -= best[at].length) {
    const std::int32_t id = best[at].id;
    const bool repeated = id == kUnknown && ids.size() > before && ids.back() == kUnknown;
    if (!repeated) ids.push_back(id);
  }
  std::reverse(ids.begin() + static_cast<std::ptrdiff_t>(before), ids.end());
}

}  // namespace codelab::infra::embedded_models
