#include "infra/embedded_models/piece_trie.hpp"

#include <algorithm>

namespace codelab::infra::embedded_models {

PieceTrie::PieceTrie(std::vector<Entry> entries) : nodes_(1), labels_(1) {
  std::ranges::sort(entries);
  add_children(0, entries, 0);
}

std::uint32_t PieceTrie::child(std::uint32_t node, char32_t label) const {
  const auto first = labels_.begin() + nodes_[node].first_child;
  const auto last = first + nodes_[node].children;
  const auto found = std::lower_bound(first, last, label);
  if (found == last || *found != label) return kNone;
  return static_cast<std::uint32_t>(found - labels_.begin());
}

void PieceTrie::add_children(std::uint32_t node, std::span<const Entry> entries, std::size_t depth) {
  while (!entries.empty() && entries.front().first.size() == depth) {
    nodes_[node].id = entries.front().second;
    entries = entries.subspan(1);
  }
  std::vector<std::span<const Entry>> groups;
  for (auto rest = entries; !rest.empty();) {
    const char32_t label = rest.front().first[depth];
    const auto other = std::ranges::find_if(rest, [&](const Entry& entry) { return entry.first[depth] != label; });
    groups.push_back(rest.first(static_cast<std::size_t>(other - rest.begin())));
    labels_.push_back(label);
    rest = rest.subspan(groups.back().size());
  }
  const auto first_child = static_cast<std::uint32_t>(nodes_.size());
  nodes_[node].first_child = first_child;
  nodes_[node].children = static_cast<std::uint32_t>(groups.size());
  nodes_.resize(nodes_.size() + groups.size());
  for (std::uint32_t i = 0; i < groups.size(); ++i) add_children(first_child + i, groups[i], depth + 1);
}

}  // namespace codelab::infra::embedded_models
