#pragma once

#include <string>

namespace codelab::base {

/// In a handler of any exception: what it says. The one that says that its coroutine was cancelled is thrown on, for
/// nothing can be awaited any more.
std::string reason_unless_cancelled();

}  // namespace codelab::base
