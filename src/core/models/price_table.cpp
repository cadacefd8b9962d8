#include "core/models/price_table.hpp"

#include <array>
#include <cmath>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace codelab::core::models {
namespace {

using base::ErrorCode;
using base::make_error;

struct KnownPrice {
  std::string_view model;
  Price price;
};

constexpr std::array kKnownPrices = {
    KnownPrice{"offline", {0, 0}},
    // OpenAI
    KnownPrice{"gpt-3.5-turbo", {0.5, 1.5}},
    KnownPrice{"gpt-4", {30, 60}},
    KnownPrice{"gpt-4-32k", {60, 120}},
    KnownPrice{"gpt-4-turbo", {10, 30}},
    KnownPrice{"gpt-4.1", {2, 8}},
    KnownPrice{"gpt-4.1-mini", {0.4, 1.6}},
    KnownPrice{"gpt-4.1-nano", {0.1, 0.4}},
    KnownPrice{"gpt-4o", {2.5, 10}},
    KnownPrice{"gpt-4o-mini", {0.15, 0.6}},
    KnownPrice{"gpt-5", {1.25, 10}},
    KnownPrice{"gpt-5-mini", {0.25, 2}},
    KnownPrice{"gpt-5-nano", {0.05, 0.4}},
    KnownPrice{"gpt-5-pro", {15, 120}},
    KnownPrice{"gpt-5.1", {1.25, 10}},
    KnownPrice{"gpt-5.2", {1.75, 14}},
    KnownPrice{"gpt-5.3-codex", {1.75, 14}},
    KnownPrice{"gpt-5.4", {2.5, 15}},
    KnownPrice{"gpt-5.4-mini", {0.75, 4.5}},
    KnownPrice{"gpt-5.4-nano", {0.2, 1.25}},
    KnownPrice{"gpt-5.5", {5, 30}},
    KnownPrice{"gpt-5.5-pro", {30, 180}},
    KnownPrice{"gpt-5.6-luna", {0.2, 1.2}},
    KnownPrice{"gpt-5.6-sol", {5, 30}},
    KnownPrice{"gpt-5.6-terra", {2, 12}},
    KnownPrice{"o1", {15, 60}},
    KnownPrice{"o1-mini", {1.1, 4.4}},
    KnownPrice{"o1-pro", {150, 600}},
    KnownPrice{"o3", {2, 8}},
    KnownPrice{"o3-mini", {1.1, 4.4}},
    KnownPrice{"o3-pro", {20, 80}},
    KnownPrice{"o4-mini", {1.1, 4.4}},
    KnownPrice{"text-embedding-3-large", {0.13, 0}},
    KnownPrice{"text-embedding-3-small", {0.02, 0}},
    KnownPrice{"text-embedding-ada-002", {0.1, 0}},
    // Anthropic
    KnownPrice{"claude-3-haiku", {0.25, 1.25}},
    KnownPrice{"claude-3-5-haiku", {0.8, 4}},
    KnownPrice{"claude-3-5-sonnet", {3, 15}},
    KnownPrice{"claude-3-7-sonnet", {3, 15}},
    KnownPrice{"claude-haiku-4-5", {1, 5}},
    KnownPrice{"claude-opus-4-1", {15, 75}},
    KnownPrice{"claude-opus-4-5", {5, 25}},
    KnownPrice{"claude-opus-4-6", {5, 25}},
    KnownPrice{"claude-opus-4-7", {5, 25}},
    KnownPrice{"claude-opus-4-8", {5, 25}},
    KnownPrice{"claude-opus-5", {5, 25}},
    KnownPrice{"claude-sonnet-4", {3, 15}},
    KnownPrice{"claude-sonnet-4-5", {3, 15}},
    KnownPrice{"claude-sonnet-4-6", {3, 15}},
    KnownPrice{"claude-sonnet-5", {2, 10}},
    // Google
    KnownPrice{"gemini-2.5-flash", {0.3, 2.5}},
    KnownPrice{"gemini-2.5-flash-lite", {0.1, 0.4}},
    KnownPrice{"gemini-2.5-pro", {1.25, 10}},
    KnownPrice{"gemini-3.1-pro", {2, 12}},
    KnownPrice{"gemini-3.5-flash", {1.5, 9}},
};

std::optional<double> read_amount(const toml::node& node) {
  const auto amount = node.value<double>();
  if (!amount || !std::isfinite(*amount) || *amount < 0) return std::nullopt;
  return amount;
}

base::Result<Price> read_price(std::string_view model, const toml::node& node) {
  const toml::table* fields = node.as_table();
  if (fields == nullptr) {
    return make_error(ErrorCode::validation_failed, fmt::format("models.\"{}\" must be a table", model));
  }
  Price price;
  bool has_prompt = false;
  for (const auto& [key, value] : *fields) {
    const auto amount = read_amount(value);
    const bool known = key == "prompt" || key == "completion";
    if (!known || !amount) {
      return make_error(ErrorCode::validation_failed,
                        fmt::format("models.\"{}\".{} {}", model, key.str(),
                                    known ? "must be a number of dollars, 0 or more" : "is not known"));
    }
    (key == "prompt" ? price.prompt : price.completion) = *amount;
    has_prompt = has_prompt || key == "prompt";
  }
  if (!has_prompt) {
    return make_error(ErrorCode::validation_failed, fmt::format("models.\"{}\".prompt is missing", model));
  }
  return price;
}

base::Result<toml::table> parse_toml(std::string_view text) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    return make_error(ErrorCode::validation_failed, fmt::format("the price table is not TOML: line {}: {}",
                                                                error.source().begin.line, error.description()));
  }
}

}  // namespace

PriceTable PriceTable::built_in() {
  PriceTable table;
  for (const KnownPrice& known : kKnownPrices) table.prices_.emplace(known.model, known.price);
  return table;
}

base::Result<PriceTable> PriceTable::with_overrides(std::string_view toml) const {
  const auto document = parse_toml(toml);
  if (!document) return document.error();
  PriceTable table = *this;
  const toml::node* models = document->get("models");
  if (models == nullptr) return table;
  if (!models->is_table()) return make_error(ErrorCode::validation_failed, "models must be a table");
  for (const auto& [model, node] : *models->as_table()) {
    const auto price = read_price(model.str(), node);
    if (!price) return price.error();
    table.prices_.insert_or_assign(std::string(model.str()), *price);
  }
  return table;
}

base::Result<PriceTable> PriceTable::with_override_file(const std::filesystem::path& file) const {
  std::ifstream input(file, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(input), {});
  if (!input.is_open() || input.bad()) {
    return make_error(ErrorCode::validation_failed, fmt::format("the price table {} cannot be read", file.string()));
  }
  return with_overrides(text);
}

std::vector<std::string> PriceTable::names() const {
  std::vector<std::string> names;
  names.reserve(prices_.size());
  for (const auto& [name, price] : prices_) names.push_back(name);
  return names;
}

std::optional<Price> PriceTable::find(std::string_view model) const {
  if (const auto price = find_by_prefix(model)) return price;
  const auto slash = model.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return find_by_prefix(model.substr(slash + 1));
}

std::optional<Price> PriceTable::find_by_prefix(std::string_view model) const {
  for (std::string_view name = model; !name.empty();) {
    const auto found = prices_.find(name);
    if (found != prices_.end()) return found->second;
    const auto boundary = name.find_last_of("-@");
    if (boundary == std::string_view::npos) break;
    name = name.substr(0, boundary);
  }
  return std::nullopt;
}

std::optional<double> PriceTable::cost_usd(std::string_view model, const TokenCounts& tokens) const {
  const auto price = find(model);
  if (!price) return std::nullopt;
  // Prices are dollars a million tokens. In whole picodollars the sum shows no noise of its additions.
  const double microdollars = static_cast<double>(tokens.prompt_tokens) * price->prompt +
                              static_cast<double>(tokens.completion_tokens) * price->completion;
  return std::round(microdollars * 1e6) / 1e12;
}

}  // namespace codelab::core::models
