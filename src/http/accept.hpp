#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace codelab::http {

/// Which of `offers`, media types in the order that we prefer, an Accept field asks for (RFC 9110, 12.5.1): the one of
/// the highest weight; of equal ones the one that is named most exactly, then first, then the one that is offered
/// first. A weight of 0 excludes. The first offer when the field is empty or excludes them all: an answer of another
/// type is better than none. Parameters other than the weight are ignored.
std::size_t best_offer(std::string_view accept, std::span<const std::string_view> offers);

}  // namespace codelab::http
