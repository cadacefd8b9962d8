#include "infra/qdrant/vector_json.hpp"

#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace codelab::infra::qdrant {

std::string vector_json(std::span<const float> values) {
  std::string out;
  out.reserve(values.size() * 12 + 2);
  char separator = '[';
  for (const float value : values) {
    fmt::format_to(std::back_inserter(out), "{}{}", separator, value);
    separator = ',';
  }
  return values.empty() ? "[]" : out + ']';
}

std::string sparse_json(const SparseWords& words) {
  return fmt::format(R"({{"indices":[{}],"values":{}}})", fmt::join(words.indices, ","), vector_json(words.values));
}

}  // namespace codelab::infra::qdrant
