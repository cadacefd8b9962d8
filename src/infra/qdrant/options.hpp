#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "core/models/retry_policy.hpp"

namespace codelab::infra::qdrant {

/// How memories lie in Qdrant.
enum class LayoutKind : std::uint8_t {
  /// A collection for each agent and embedding space.
  collection,
  /// One collection for each embedding space, which all agents share; each point names its tenant.
  tenant,
};

struct Options {
  /// http or https, up to where Qdrant's own paths begin; a slash at the end does not matter.
  std::string url = "http://127.0.0.1:6333";
  /// Sent in the header `api-key`; empty: not sent. Never logged, never in an error.
  std::string api_key = {};
  /// PEM file of the authorities that may vouch for an https server; empty: the system's.
  std::string ca_file = {};

  LayoutKind layout = LayoutKind::tenant;
  /// What the names of our collections begin with, so that several servers can share a Qdrant: up to 32 letters,
  /// digits,
  /// `_` and `-`.
  std::string prefix = "codelab_";
  /// Of layout `collection`: a collection more is refused. Each takes memory and open files, however small it is.
  std::size_t max_collections = 1'000;

  /// From the call to its answer, attempts and pauses included.
  std::chrono::milliseconds call_timeout{10'000};
  /// What messages wait for has less time: a search with all its calls, and the storing of a memory once its collection
  /// is there.
  std::chrono::milliseconds search_timeout{2'000};
  /// Name look-up, connection and TLS handshake.
  std::chrono::milliseconds connect_timeout{2'000};
  /// Of calls that may be repeated.
  core::models::RetryLimits retry{.max_attempts = 3,
                                  .base = std::chrono::milliseconds(50),
                                  .max_pause = std::chrono::milliseconds(1'000),
                                  .max_retry_after = std::chrono::milliseconds(5'000),
                                  .total_budget = std::chrono::milliseconds(10'000)};
  std::size_t max_answer_bytes = 64UL << 20;
};

/// validation_failed with a `loc` for every option that cannot work.
base::Result<Options> validated(Options options);

}  // namespace codelab::infra::qdrant
