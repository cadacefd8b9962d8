#include "infra/postgres/message_rows.hpp"

namespace codelab::infra::postgres {
namespace {

using core::chat::Message;
using core::chat::Usage;

constexpr Sql kInsertMessage =
    "INSERT INTO messages (user_id, session_id, id, position, role, content, agent_id, agent_name, task_id, model, "
    "prompt_tokens, completion_tokens, cost_usd, created_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

}  // namespace

void insert_message(Transaction& tx, const core::identity::UserScope& scope, const Message& message,
                    std::int64_t position) {
  const auto tokens = [&](std::int64_t Usage::* count) {
    return message.usage ? std::optional((*message.usage).*count) : std::nullopt;
  };
  tx.add(kInsertMessage, scope.user(), message.session_id, message.id, position, message.role, message.content,
         message.agent_id, message.agent_name, message.task_id, message.model, tokens(&Usage::prompt_tokens),
         tokens(&Usage::completion_tokens), message.usage ? message.usage->cost_usd : std::nullopt, message.created_at);
}

Message read_message(const Rows& rows) {
  Message message;
  std::optional<std::int64_t> prompt_tokens;
  std::optional<std::int64_t> completion_tokens;
  std::optional<double> cost_usd;
  rows.read(message.id, message.session_id, message.role, message.content, message.agent_id, message.agent_name,
            message.task_id, message.model, prompt_tokens, completion_tokens, cost_usd, message.created_at);
  if (prompt_tokens && completion_tokens) {
    message.usage = {.prompt_tokens = *prompt_tokens, .completion_tokens = *completion_tokens, .cost_usd = cost_usd};
  }
  return message;
}

}  // namespace codelab::infra::postgres
