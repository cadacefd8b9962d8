#pragma once

#include <exception>
#include <utility>

#include "base/task.hpp"

namespace codelab::base {

/// What `work` threw, as a value: beside another task that is waited for, an exception would be waited out.
inline Task<std::exception_ptr> outcome_of(Task<> work) {
  try {
    co_await std::move(work);
  } catch (...) {
    co_return std::current_exception();
  }
  co_return nullptr;
}

}  // namespace codelab::base
