#pragma once

#include <chrono>
#include <functional>

namespace codelab::infra::inprocess {

using SteadyTime = std::chrono::steady_clock::time_point;
/// The source of monotonic time, injected so that tests own it. Thread-safe.
using SteadyNow = std::function<SteadyTime()>;

}  // namespace codelab::infra::inprocess
