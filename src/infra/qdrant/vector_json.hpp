#pragma once

#include <span>
#include <string>

#include "infra/qdrant/sparse_words.hpp"

namespace codelab::infra::qdrant {

/// A list of numbers, each the shortest that reads back as the same float.
std::string vector_json(std::span<const float> values);

/// `{"indices":[...],"values":[...]}`
std::string sparse_json(const SparseWords& words);

}  // namespace codelab::infra::qdrant
