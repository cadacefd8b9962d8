#include "infra/qdrant/layout.hpp"

#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/sha256.hpp"
#include "infra/qdrant/conditions.hpp"

namespace codelab::infra::qdrant {
namespace {

using core::identity::UserScope;
using core::memory::MemoryOwner;

constexpr std::size_t kModelDigits = 16;
constexpr std::size_t kUuidDigits = 36;
constexpr std::string_view kUser = "user";
constexpr std::string_view kContext = "_context_";
constexpr std::string_view kMemories = "memories_";

/// Takes `part` from the front of `text`; false when it does not begin so.
bool take(std::string_view& text, std::string_view part) {
  if (!text.starts_with(part)) return false;
  text.remove_prefix(part.size());
  return true;
}

template <class Id>
std::optional<Id> take_id(std::string_view& text) {
  if (text.size() < kUuidDigits) return std::nullopt;
  const auto id = Id::parse(text.substr(0, kUuidDigits));
  text.remove_prefix(kUuidDigits);
  return id;
}

/// `user<id>_<id>` from the front of `text`.
std::optional<MemoryOwner> take_owner(std::string_view& text) {
  if (!take(text, kUser)) return std::nullopt;
  const auto user = take_id<base::UserId>(text);
  if (!user || !take(text, "_")) return std::nullopt;
  const auto agent = take_id<base::AgentId>(text);
  if (!agent) return std::nullopt;
  return MemoryOwner{.user = *user, .agent = *agent};
}

/// One collection for each agent and space: `<prefix>user<user id>_<agent id>_context_<space>`.
class CollectionLayout final : public Layout {
 public:
  explicit CollectionLayout(std::string prefix) : prefix_(std::move(prefix)) {}

  bool shared() const override { return false; }
  Place of_agent(const UserScope& scope, const base::AgentId& agent, const Space& space) const override {
    return {.collection = fmt::format("{}{}{}{}", prefix_, tenant_of(scope.user(), agent), kContext, space.tag),
            .owner = {}};
  }
  std::vector<Place> of_user(const UserScope& scope, const std::vector<std::string>& collections) const override {
    std::vector<Place> places;
    for (const auto& name : collections) {
      const auto owner = owner_of(name);
      if (owner && owner->user == scope.user()) places.push_back({.collection = name, .owner = {}});
    }
    return places;
  }
  std::optional<Space> space_of(std::string_view collection) const override {
    if (!take(collection, prefix_) || !take_owner(collection) || !take(collection, kContext)) return std::nullopt;
    return Space::parse(collection);
  }
  std::optional<MemoryOwner> owner_of(std::string_view collection) const override {
    if (!space_of(collection) || !take(collection, prefix_)) return std::nullopt;
    return take_owner(collection);
  }

 private:
  std::string prefix_;
};

/// One collection for each space: `<prefix>memories_<space>`.
class TenantLayout final : public Layout {
 public:
  explicit TenantLayout(std::string prefix) : prefix_(std::move(prefix)) {}

  bool shared() const override { return true; }
  Place of_agent(const UserScope& scope, const base::AgentId& agent, const Space& space) const override {
    return {.collection = fmt::format("{}{}{}", prefix_, kMemories, space.tag),
            .owner = {equals("tenant", tenant_of(scope.user(), agent))}};
  }
  std::vector<Place> of_user(const UserScope& scope, const std::vector<std::string>& collections) const override {
    std::vector<Place> places;
    places.reserve(collections.size());
    for (const auto& name : collections) {
      places.push_back({.collection = name, .owner = {equals("user", scope.user().str())}});
    }
    return places;
  }
  std::optional<Space> space_of(std::string_view collection) const override {
    if (!take(collection, prefix_) || !take(collection, kMemories)) return std::nullopt;
    return Space::parse(collection);
  }
  std::optional<MemoryOwner> owner_of(std::string_view) const override { return std::nullopt; }

 private:
  std::string prefix_;
};

}  // namespace

Space Space::of(const core::models::Embedding& embedding) {
  const std::string digits = base::sha256_hex(embedding.model);
  const auto dimension = static_cast<std::int64_t>(embedding.values.size());
  return {.tag = fmt::format("{}_{}", digits.substr(0, kModelDigits), dimension), .dimension = dimension};
}

std::optional<Space> Space::parse(std::string_view tag) {
  const auto digits = tag.substr(0, kModelDigits);
  if (digits.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  if (tag.size() <= kModelDigits + 1 || tag[kModelDigits] != '_') return std::nullopt;
  Space space{.tag = std::string(tag)};
  const char* end = tag.data() + tag.size();
  const auto read = std::from_chars(tag.data() + kModelDigits + 1, end, space.dimension);
  if (read.ec != std::errc{} || read.ptr != end || space.dimension <= 0) return std::nullopt;
  return space;
}

std::unique_ptr<Layout> make_layout(const Options& options) {
  if (options.layout == LayoutKind::collection) return std::make_unique<CollectionLayout>(options.prefix);
  return std::make_unique<TenantLayout>(options.prefix);
}

std::string tenant_of(const base::UserId& user, const base::AgentId& agent) {
  return fmt::format("{}{}_{}", kUser, user.str(), agent.str());
}

std::optional<MemoryOwner> owner_of_tenant(std::string_view tenant) {
  const auto owner = take_owner(tenant);
  return tenant.empty() ? owner : std::nullopt;
}

}  // namespace codelab::infra::qdrant
