#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace codelab::infra::embedded_models {

/// An immutable set of strings with an id each, answering which of them a text begins with.
class PieceTrie {
 public:
  using Entry = std::pair<std::u32string_view, std::int32_t>;

  /// Of equal strings the one with the greatest id counts. Ids are not negative; strings are not empty, and not
  /// needed afterwards.
  explicit PieceTrie(std::vector<Entry> entries);

  /// Calls visit(length, id) for every piece that `text` begins with, shortest first.
  template <class Visit>
  void for_each_prefix(std::u32string_view text, Visit visit) const {
    std::uint32_t node = 0;
    for (std::size_t depth = 0; depth < text.size(); ++depth) {
      node = child(node, text[depth]);
      if (node == kNone) return;
      if (nodes_[node].id >= 0) visit(depth + 1, nodes_[node].id);
    }
  }

 private:
  /// The children of a node stand side by side, in the order of their labels.
  struct Node {
    std::uint32_t first_child = 0;
    std::uint32_t children = 0;
    std::int32_t id = -1;
  };
  static constexpr std::uint32_t kNone = 0;  // the root is nobody's child

  std::uint32_t child(std::uint32_t node, char32_t label) const;
  void add_children(std::uint32_t node, std::span<const Entry> entries, std::size_t depth);

  std::vector<Node> nodes_;
  std::vector<char32_t> labels_;
};

}  // namespace codelab::infra::embedded_models
