#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/models/ports.hpp"

namespace codelab::core::models {

/// US dollars per million tokens.
struct Price {
  double prompt = 0;
  double completion = 0;
};

/// What a model's tokens cost. Immutable after it is built: thread-safe.
class PriceTable {
 public:
  /// The day of this table. List prices as publicly known then, for short prompts without cache or batch discounts: an
  /// estimate, not a bill; a prices file corrects them.
  static constexpr std::string_view kTakenOn = "2026-11-22";

  /// The prices of well-known models; the built-in offline models cost nothing.
  static PriceTable built_in();

  /// This table with the entries of a TOML document over it: `[models."gpt-4o"]`, `prompt = 2.5`, `completion = 10`
  /// (`completion` may be left out: 0). validation_failed names what is wrong and where.
  base::Result<PriceTable> with_overrides(std::string_view toml) const;
  /// The same from a file.
  base::Result<PriceTable> with_override_file(const std::filesystem::path& file) const;

  /// The entry with the longest name that is `model` itself or its beginning up to a `-` or `@`, so that
  /// `gpt-4o-2024-08-06` finds `gpt-4o` but `gpt-4.5` does not find `gpt-4`. A routing prefix (`openai/gpt-4o`) is
  /// dropped when the full name is not known. nullopt: the price is not known.
  std::optional<Price> find(std::string_view model) const;
  /// Every name in the table.
  std::vector<std::string> names() const;
  std::optional<double> cost_usd(std::string_view model, const TokenCounts& tokens) const;

 private:
  std::optional<Price> find_by_prefix(std::string_view model) const;

  std::map<std::string, Price, std::less<>> prices_;
};

}  // namespace codelab::core::models
