#include "infra/openai/chat_request.hpp"

#include "base/json_text.hpp"

namespace codelab::infra::openai {
namespace {

/// Models are named by users: what is remembered of them stays bounded.
constexpr std::size_t kMaxKnownModels = 256;

std::string_view name_of(core::models::Role role) {
  switch (role) {
    case core::models::Role::system:
      return "system";
    case core::models::Role::user:
      return "user";
    case core::models::Role::assistant:
      return "assistant";
    case core::models::Role::tool:
      return "tool";
  }
  return "user";
}

bool mentions(const ProviderError& error, std::string_view name) {
  return error.param == name || error.message.find(name) != std::string::npos;
}

bool is_unsupported(const ProviderError& error) {
  if (error.code.starts_with("unsupported")) return true;
  return error.message.find("nsupported") != std::string::npos ||
         error.message.find("not support") != std::string::npos;
}

void append_function(std::string& body, const core::models::ToolSpec& tool) {
  body += R"({"type":"function","function":{"name":)";
  base::append_json_string(body, tool.name);
  body += R"(,"description":)";
  base::append_json_string(body, tool.description);
  body.append(R"(,"parameters":)").append(tool.parameters).append("}}");
}

void append_tool_calls(std::string& body, const std::vector<core::models::ToolCall>& calls) {
  body += R"(,"tool_calls":[)";
  for (const core::models::ToolCall& call : calls) {
    if (!body.ends_with('[')) body += ',';
    body += R"({"id":)";
    base::append_json_string(body, call.id);
    body += R"(,"type":"function","function":{"name":)";
    base::append_json_string(body, call.name);
    body += R"(,"arguments":)";
    base::append_json_string(body, call.arguments);
    body += "}}";
  }
  body += ']';
}

void append_message(std::string& body, const core::models::PromptMessage& message) {
  body += R"({"role":)";
  base::append_json_string(body, name_of(message.role));
  body += R"(,"content":)";
  base::append_json_string(body, message.content);
  if (!message.tool_calls.empty()) append_tool_calls(body, message.tool_calls);
  if (message.role == core::models::Role::tool) {
    body += R"(,"tool_call_id":)";
    base::append_json_string(body, message.tool_call_id);
  }
  body += '}';
}

void append_tools(std::string& body, const std::vector<core::models::ToolSpec>& tools) {
  body += R"(,"tools":[)";
  for (const core::models::ToolSpec& tool : tools) {
    if (!body.ends_with('[')) body += ',';
    append_function(body, tool);
  }
  body += ']';
}

/// Not `strict`: that forbids optional fields and bounds, and what comes is checked anyway.
void append_schema(std::string& body, const core::models::AnswerSchema& wanted) {
  body += R"(,"response_format":{"type":"json_schema","json_schema":{"name":)";
  base::append_json_string(body, wanted.name);
  body.append(R"(,"schema":)").append(wanted.schema).append("}}");
}

bool turn_on(bool& flag) {
  const bool changed = !flag;
  flag = true;
  return changed;
}

}  // namespace

bool ChatDialect::learn(const ProviderError& refusal) {
  if (mentions(refusal, "stream_options")) return turn_on(no_stream_options);
  if (mentions(refusal, "max_completion_tokens")) return turn_on(max_completion_tokens);
  const bool schema_refused = mentions(refusal, "response_format") || mentions(refusal, "json_schema");
  if (schema_refused) return turn_on(no_answer_schema);
  if (mentions(refusal, "tools") && is_unsupported(refusal)) return turn_on(no_tools);
  if (mentions(refusal, "temperature") && is_unsupported(refusal)) return turn_on(no_temperature);
  return false;
}

ChatDialect ChatDialects::of(std::string_view model) const {
  const std::scoped_lock lock(mutex_);
  const auto found = known_.find(model);
  return found == known_.end() ? ChatDialect{} : found->second;
}

void ChatDialects::remember(std::string_view model, const ChatDialect& dialect) {
  const std::scoped_lock lock(mutex_);
  if (known_.size() >= kMaxKnownModels && !known_.contains(model)) return;
  known_.insert_or_assign(std::string(model), dialect);
}

std::string chat_request_body(const core::models::CompletionRequest& request, const ChatDialect& dialect) {
  std::string body = R"({"model":)";
  base::append_json_string(body, request.model);
  body += R"(,"messages":[)";
  for (const core::models::PromptMessage& message : request.messages) {
    if (!body.ends_with('[')) body += ',';
    append_message(body, message);
  }
  body += ']';
  if (!request.tools.empty() && !dialect.no_tools) {
    append_tools(body, request.tools);
    if (request.no_more_calls) body += R"(,"tool_choice":"none")";
  }
  if (request.answer_schema && !dialect.no_answer_schema) append_schema(body, *request.answer_schema);
  if (!dialect.no_temperature) {
    body += R"(,"temperature":)";
    base::append_json_number(body, request.temperature);
  }
  if (request.max_tokens > 0) {
    body += dialect.max_completion_tokens ? R"(,"max_completion_tokens":)" : R"(,"max_tokens":)";
    body += std::to_string(request.max_tokens);
  }
  body += R"(,"stream":true)";
  if (!dialect.no_stream_options) body += R"(,"stream_options":{"include_usage":true})";
  body += '}';
  return body;
}

}  // namespace codelab::infra::openai
