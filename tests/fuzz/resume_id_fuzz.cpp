#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/events/event.hpp"

/// A position that is read is written in a form that is read as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto position = codelab::core::events::Position::parse({reinterpret_cast<const char*>(data), size});
  if (position && codelab::core::events::Position::parse(position->str()) != position) std::abort();
  return 0;
}
