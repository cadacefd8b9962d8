#include "core/orchestration/agent_picker.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "base/log.hpp"
#include "base/outcome_of.hpp"
#include "base/pause.hpp"
#include "core/memory/agent_memory.hpp"

namespace codelab::core::orchestration {
namespace {

constexpr std::size_t kMessageBytes = 2'000;
/// Who is asked when nobody is nearer: the names that teams give those that answer questions.
constexpr std::array<std::string_view, 3> kGeneralists{"asker", "assistant", "helper"};

std::size_t generalist(const std::vector<agents::TeamMember>& team) {
  for (const std::string_view name : kGeneralists) {
    const auto found = std::ranges::find(team, name, &agents::TeamMember::name);
    if (found != team.end()) return static_cast<std::size_t>(found - team.begin());
  }
  return 0;
}

float similarity(const models::Embedding& one, const models::Embedding& other) {
  return std::inner_product(one.values.begin(), one.values.end(), other.values.begin(), 0.0F);
}

}  // namespace

base::Task<std::size_t> AgentPicker::pick(std::string message, std::vector<agents::TeamMember> team) {
  using boost::asio::experimental::awaitable_operators::operator||;
  if (team.size() == 1) co_return 0;
  std::vector<std::string> texts{std::string(memory::utf8_prefix(message, kMessageBytes))};
  for (const agents::TeamMember& each : team) texts.push_back(each.name + ": " + each.description);
  std::optional<Embedded> answer;
  auto outcome = co_await (base::outcome_of(embed_into(answer, std::move(texts))) || base::pause_for(patience_));
  if (outcome.index() == 0 && std::get<0>(outcome)) std::rethrow_exception(std::get<0>(outcome));
  if (!answer || !*answer) {
    base::log::warning("agent_not_picked", {{"reason", answer ? answer->error().detail : "it takes too long"}});
    co_return generalist(team);
  }
  const auto& embedded = **answer;
  const auto nearest = std::max_element(embedded.begin() + 1, embedded.end(), [&](const auto& one, const auto& other) {
    return similarity(embedded.front(), one) < similarity(embedded.front(), other);
  });
  co_return static_cast<std::size_t>(nearest - embedded.begin() - 1);
}

base::Task<> AgentPicker::embed_into(std::optional<Embedded>& embedded, std::vector<std::string> texts) {
  embedded = co_await embedder_.embed(std::move(texts));
}

}  // namespace codelab::core::orchestration
