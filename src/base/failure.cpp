#include "base/failure.hpp"

#include <exception>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

namespace codelab::base {

std::string reason_unless_cancelled() {
  try {
    throw;
  } catch (const boost::system::system_error& failure) {
    if (failure.code() == boost::asio::error::operation_aborted) throw;
    return failure.what();
  } catch (const std::exception& failure) {
    return failure.what();
  } catch (...) {
    return "an unknown failure";
  }
}

}  // namespace codelab::base
