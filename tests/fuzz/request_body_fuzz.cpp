#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/describe/decode.hpp"
#include "base/describe/encode.hpp"
#include "base/describe/parse_json.hpp"
#include "core/agents/registry.hpp"

namespace {

using codelab::core::agents::AgentDefinition;

/// What is accepted must be written in a form that is accepted again, and means the same.
void check(std::string_view text) {
  const auto json = codelab::base::parse_json(text);
  if (!json) return;
  const auto definition = codelab::base::decode<AgentDefinition>(*json);
  if (!definition) return;
  const std::string written = codelab::base::encode(*definition);
  const auto again = codelab::base::parse_json(written);
  if (!again) std::abort();
  const auto read = codelab::base::decode<AgentDefinition>(*again);
  if (!read || codelab::base::encode(*read) != written) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check({reinterpret_cast<const char*>(data), size});
  return 0;
}
