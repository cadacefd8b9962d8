#pragma once

#include "core/approvals/approval_store.hpp"
#include "core/events/event.hpp"

namespace codelab::core::approvals {

events::NewEvent approval_required(const Approval& approval, const std::string& agent);
events::NewEvent approval_resolved(const Approval& approval, const Resolution& resolution);

}  // namespace codelab::core::approvals
