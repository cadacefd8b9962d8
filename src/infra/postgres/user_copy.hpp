#pragma once

#include <cstdint>
#include <string>

#include "infra/postgres/move_hold.hpp"

namespace codelab::infra::postgres {

/// Makes the rows that a user has at `source` those that they have at `target`, in one transaction there; returns how
/// many. Memory holds about a hundred rows at a time. Both stand behind fences, so that nobody changes them. Throws
/// base::StoreError, and nothing is changed; also when `hold` is lost, or one of them has tables that are not known
/// here.
base::Task<std::int64_t> copy_user(ShardLines& lines, MoveHold& hold, core::identity::UserScope scope,
                                   std::string source, std::string target);

}  // namespace codelab::infra::postgres
