#pragma once

#include <chrono>

#include "base/task.hpp"
#include "infra/postgres/address.hpp"
#include "infra/postgres/libpq.hpp"

namespace codelab::infra::postgres {

/// Connects and logs in without blocking, on the awaiting executor. Throws base::StoreError when the server refuses,
/// is not there or takes longer than `timeout`.
base::Task<OwnedConnection> connect(Address address, std::chrono::milliseconds timeout);

/// The same on this thread alone: for what runs before there are event loops.
OwnedConnection connect_blocking(Address address, std::chrono::seconds timeout);

/// False when nobody takes connections there, true when whoever is there may still refuse this login. Blocks.
bool answers(Address address, std::chrono::seconds timeout);

}  // namespace codelab::infra::postgres
