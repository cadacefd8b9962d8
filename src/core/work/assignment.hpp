#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/agents/registry.hpp"
#include "core/chat/values.hpp"
#include "core/identity/user_scope.hpp"

/// How an agent does a piece of work: what it remembers, its prompt, its model, and the tools that the model calls.
namespace codelab::core::work {

/// What an agent is to do.
struct Assignment {
  identity::UserScope scope;
  /// Durable, and run by this process.
  chat::Task task;
  agents::CallableAgent agent;
  std::string message;
  /// Of the session, oldest first.
  std::vector<chat::Message> history = {};
  /// Names of the agents that wait for this one, the first that asked first.
  std::vector<std::string> asked_by = {};
  /// It was begun before: what is recorded of it is not done again.
  bool resumed = false;
};

/// What is left to a task and all that it has others do. Used on one executor.
struct Allowance {
  /// Of tools.
  std::int64_t calls = 0;
  /// Read and written by models.
  std::int64_t tokens = 0;
  /// By all of them, also by those who failed.
  chat::Usage spent = {};

  bool is_used_up() const { return calls <= 0 || tokens <= 0; }
  void spend(const chat::Usage& usage) {
    tokens -= usage.prompt_tokens + usage.completion_tokens;
    chat::add(spent, usage);
  }
};

}  // namespace codelab::core::work
