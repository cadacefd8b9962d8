#pragma once

#include <expected>
#include <string>

#include <fmt/format.h>

#include "base/describe/decode.hpp"
#include "base/describe/parse_json.hpp"

namespace codelab::core::work {

/// What a model wrote as the arguments of a call, as a described struct; else what is wrong, in words for the model.
template <class Arguments>
std::expected<Arguments, std::string> read_arguments(const std::string& text) {
  const auto json = base::parse_json(text.empty() ? "{}" : text);
  if (!json) return std::unexpected("The arguments are not JSON: write them as one JSON object.");
  auto arguments = base::decode<Arguments>(*json);
  if (arguments) return std::move(*arguments);
  std::string why = "The arguments are not as they should be:";
  for (const auto& fault : arguments.error().fields) {
    why += fmt::format(" {}: {};", fault.loc.empty() ? "" : fault.loc.back(), fault.msg);
  }
  return std::unexpected(std::move(why));
}

}  // namespace codelab::core::work
