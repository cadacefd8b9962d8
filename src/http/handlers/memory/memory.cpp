#include "http/handlers/memory/memory.hpp"

#include <fmt/format.h>

#include "base/describe/parse_json.hpp"
#include "http/json_response.hpp"
#include "http/parameters.hpp"
#include "http/problem.hpp"

namespace codelab::http::handlers {
namespace {

/// `filter` is a JSON object in the query, percent-encoded.
base::Result<boost::json::object> filter_of(const ApiRequest& request) {
  const auto text = request.target.find(parameters::kFilter.name);
  if (!text || text->empty()) return boost::json::object{};
  const auto json = base::parse_json(*text);
  if (!json || !json->is_object()) return query_fault(parameters::kFilter.name, "must be a JSON object");
  return json->get_object();
}

base::Result<core::memory::Search> search_of(const ApiRequest& request) {
  constexpr const Parameter& kQuestion = parameters::kQuestion;
  const auto text = request.target.find(kQuestion.name);
  if (!text || text->empty()) return query_fault(kQuestion.name, "field required");
  if (text->contains('\0')) return query_fault(kQuestion.name, "must not contain NUL");
  if (text->size() > kQuestion.max_bytes) {
    return query_fault(kQuestion.name, fmt::format("must have at most {} bytes", kQuestion.max_bytes));
  }
  const auto top_k = query_number(request, parameters::kTopK);
  if (!top_k) return top_k.error();
  auto filter = filter_of(request);
  if (!filter) return filter.error();
  return core::memory::Search{.text = std::string(*text), .top_k = *top_k, .filter = std::move(*filter)};
}

/// As in an agent's config, 0 days is no bound by age.
core::memory::PruneRule rule_of(const PruneBody& body, base::Timestamp now) {
  core::memory::PruneRule rule{.max_items = body.max_items, .older_than = std::nullopt};
  if (body.max_age_days.value_or(0) > 0) rule.older_than = now - std::chrono::days{*body.max_age_days};
  return rule;
}

}  // namespace

base::Task<base::Result<core::agents::CallableAgent>> MemoryHandlers::agent_of(const UserRequest& request) {
  auto ref = core::agents::AgentRef::parse(request.param("agent"));
  co_return co_await agents_.find(request.scope(), std::move(ref));
}

base::Task<Response> MemoryHandlers::list(UserRequest request) {
  auto page = page_of(request);
  if (!page) co_return problem(page.error(), request.trace_id);
  const auto agent = co_await agent_of(request);
  if (!agent) co_return problem(agent.error(), request.trace_id);
  const auto memories = co_await store_.list(request.scope(), agent->id, std::move(*page));
  co_return json(200, memories);
}

base::Task<Response> MemoryHandlers::search(UserRequest request) {
  auto search = search_of(request);
  if (!search) co_return problem(search.error(), request.trace_id);
  const auto agent = co_await agent_of(request);
  if (!agent) co_return problem(agent.error(), request.trace_id);
  auto hits = co_await memory_.search(request.scope(), agent->id, std::move(*search));
  if (!hits) co_return problem(hits.error(), request.trace_id);
  core::Page<core::memory::MemoryHit> page{.items = std::move(*hits), .total = 0, .next_cursor = std::nullopt};
  page.total = static_cast<std::int64_t>(page.items.size());
  co_return json(200, page);
}

base::Task<Response> MemoryHandlers::add(UserRequest request, NewMemoryBody body) {
  const auto agent = co_await agent_of(request);
  if (!agent) co_return problem(agent.error(), request.trace_id);
  core::memory::Remember what{
      .kind = core::memory::MemoryKind::note, .text = std::move(body.text), .metadata = std::move(body.metadata)};
  const auto stored = co_await memory_.remember(request.scope(), agent->id, std::move(what));
  if (!stored) co_return problem(stored.error(), request.trace_id);
  co_await memory_.keep_bounds(request.scope(), agent->id, agent->config.memory, stored->id);
  co_return json(201, *stored);
}

base::Task<Response> MemoryHandlers::erase(UserRequest request) {
  const auto agent = co_await agent_of(request);
  if (!agent) co_return problem(agent.error(), request.trace_id);
  const auto id = path_id<base::MemoryId>(request, "memory_id", base::ErrorCode::not_found);
  if (!id) co_return problem(id.error(), request.trace_id);
  const bool erased = co_await store_.erase(request.scope(), agent->id, *id);
  if (erased) co_return no_content();
  co_return problem(base::make_error(base::ErrorCode::not_found, "this agent has no such memory"), request.trace_id);
}

base::Task<Response> MemoryHandlers::prune(UserRequest request, std::optional<PruneBody> bounds) {
  const auto agent = co_await agent_of(request);
  if (!agent) co_return problem(agent.error(), request.trace_id);
  PruneAnswer answer;
  if (bounds && (bounds->max_items || bounds->max_age_days)) {
    const base::Timestamp now = clock_.now();
    const auto rule = rule_of(*bounds, now);
    answer.pruned = co_await store_.prune(request.scope(), agent->id, rule, now);
  } else {
    answer.pruned = co_await memory_.prune(request.scope(), agent->id, agent->config.memory);
  }
  co_return json(200, answer);
}

base::Task<Response> MemoryHandlers::stats(UserRequest request) {
  const auto agent = co_await agent_of(request);
  if (!agent) co_return problem(agent.error(), request.trace_id);
  const auto stats = co_await store_.stats(request.scope(), agent->id);
  co_return json(200, stats);
}

}  // namespace codelab::http::handlers
