#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe/fields.hpp"
#include "base/error.hpp"

namespace codelab::core::orchestration {

/// A task of a plan, as a model proposes it or a user edits it.
struct NodeDraft {
  std::string id;
  std::string agent;
  std::string instruction;
  std::string expected_output;
  std::vector<std::string> depends_on;

  static constexpr std::string_view kName = "NodeDraft";
  static constexpr auto describe() {
    using base::field;
    return base::fields(
        field("id", &NodeDraft::id,
              {.required = true, .min_length = 1, .max_length = 64, .doc = "Short, its own within the plan."}),
        field("agent", &NodeDraft::agent,
              {.required = true, .min_length = 1, .max_length = 64, .doc = "The agent's name."}),
        field("instruction", &NodeDraft::instruction,
              {.required = true,
               .min_length = 1,
               .max_length = 16'000,
               .doc = "What the agent is to do; it sees this and the results it depends on."}),
        field("expected_output", &NodeDraft::expected_output,
              {.max_length = 2'000, .doc = "What its answer is to contain."}),
        field("depends_on", &NodeDraft::depends_on,
              {.max_length = 64, .doc = "Ids of the nodes whose results it needs."}));
  }
};

/// A plan, as a model proposes it.
struct PlanDraft {
  std::string goal;
  std::vector<NodeDraft> nodes;

  static constexpr std::string_view kName = "PlanDraft";
  static constexpr auto describe() {
    using base::field;
    return base::fields(field("goal", &PlanDraft::goal, {.required = true, .min_length = 1, .max_length = 2'000}),
                        field("nodes", &PlanDraft::nodes, {.required = true, .min_length = 1, .max_length = 64}));
  }
};

/// Reads the plan that a model wrote: a JSON object, also one among prose or in a code fence. Else every fault that was
/// found, in words that the model can mend it by.
std::expected<PlanDraft, std::vector<base::FieldError>> read_draft(std::string_view answer);

}  // namespace codelab::core::orchestration
