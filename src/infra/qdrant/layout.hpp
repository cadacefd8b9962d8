#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>

#include "base/ids.hpp"
#include "core/identity/user_scope.hpp"
#include "core/memory/owned_memories.hpp"
#include "core/models/ports.hpp"
#include "infra/qdrant/options.hpp"

namespace codelab::infra::qdrant {

/// An embedding space as a part of names: 16 hex digits of the SHA-256 of the model's name, `_`, the dimension. No text
/// that anybody chose comes into a name.
struct Space {
  std::string tag;
  std::int64_t dimension = 0;

  static Space of(const core::models::Embedding& embedding);
  static std::optional<Space> parse(std::string_view tag);
  bool operator==(const Space&) const = default;
};

/// Where some memories are. Every call about points takes one and puts `owner` into its filter, so that none reaches
/// what belongs to another.
struct Place {
  std::string collection;
  /// Conditions; none where the whole collection is the owner's.
  boost::json::array owner;
};

/// How memories are laid out over collections: the one part that knows whether a collection is an agent's own.
class Layout {
 public:
  virtual ~Layout() = default;
  /// Whether agents share a collection.
  virtual bool shared() const = 0;
  virtual Place of_agent(const core::identity::UserScope& scope, const base::AgentId& agent,
                         const Space& space) const = 0;
  /// All that the user has in these collections of ours.
  virtual std::vector<Place> of_user(const core::identity::UserScope& scope,
                                     const std::vector<std::string>& collections) const = 0;
  /// Nullopt for a collection that is none of this layout's.
  virtual std::optional<Space> space_of(std::string_view collection) const = 0;
  /// Of a collection that is one agent's own.
  virtual std::optional<core::memory::MemoryOwner> owner_of(std::string_view collection) const = 0;
};

std::unique_ptr<Layout> make_layout(const Options& options);

/// What a point of that agent has under the key `tenant`, and the way back.
std::string tenant_of(const base::UserId& user, const base::AgentId& agent);
std::optional<core::memory::MemoryOwner> owner_of_tenant(std::string_view tenant);

}  // namespace codelab::infra::qdrant
