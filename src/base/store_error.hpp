#pragma once

#include <stdexcept>

namespace codelab::base {

/// A store could not do its part: away, full, busy past its bound or damaged. Thrown by the implementations of ports,
/// caught once at a request's edge and answered 503; `what()` is for the log, never for a client.
class StoreError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace codelab::base
