#include "infra/curl/http_exchange.hpp"

namespace codelab::infra::curl {

std::string_view to_string(Ending ending) {
  switch (ending) {
    case Ending::complete:
      return "complete";
    case Ending::connect_failed:
      return "connect_failed";
    case Ending::connect_timeout:
      return "connect_timeout";
    case Ending::first_byte_timeout:
      return "first_byte_timeout";
    case Ending::idle_timeout:
      return "idle_timeout";
    case Ending::total_timeout:
      return "total_timeout";
    case Ending::cut:
      return "cut";
    case Ending::too_large:
      return "too_large";
    case Ending::stopped:
      return "stopped";
    case Ending::rejected:
      return "rejected";
  }
  return "unknown";
}

std::optional<std::string_view> HttpOutcome::header(std::string_view name) const {
  for (const HttpHeader& each : headers) {
    if (each.name == name) return each.value;
  }
  return std::nullopt;
}

}  // namespace codelab::infra::curl
