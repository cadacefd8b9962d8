#pragma once

#include <string>

namespace codelab::infra::words {

/// Cuts an English word, in lower case, down to its stem: "remembering" and "remembered" become "rememb". The algorithm
/// of Martin Porter, "An algorithm for suffix stripping" (1980), as SQLite's tokenizer `porter` has it, so that a word
/// has one stem in whichever store. Words of other scripts stay as they are.
void cut_to_stem(std::string& word);

}  // namespace codelab::infra::words
