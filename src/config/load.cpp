#include "config/load.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "config/origins.hpp"
#include "config/properties.hpp"

namespace codelab::config {
namespace {

constexpr std::string_view kOpenAi = "https://api.openai.com/v1";

using Faults = std::vector<std::string>;

void set_number(const NumberRule& rule, Settings& settings, std::int64_t value, std::string_view where,
                Faults& faults) {
  if (value < rule.minimum || value > rule.maximum) {
    faults.push_back(fmt::format("{} is {}, it must be {} to {}", where, value, rule.minimum, rule.maximum));
    return;
  }
  rule.value(settings) = value;
}

void set_text(const TextRule& rule, Settings& settings, std::string_view value, std::string_view where,
              Faults& faults) {
  if (!rule.choices.empty() && std::ranges::find(rule.choices, value) == rule.choices.end()) {
    faults.push_back(fmt::format("{} is \"{}\", it must be one of: {}", where, value, fmt::join(rule.choices, ", ")));
    return;
  }
  rule.value(settings) = value;
}

void set_from_text(const Property& property, Settings& settings, std::string_view value, std::string_view where,
                   Faults& faults) {
  if (const auto* text = std::get_if<TextRule>(&property.rule)) return set_text(*text, settings, value, where, faults);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc{} || end != value.data() + value.size()) {
    faults.push_back(fmt::format("{} is \"{}\", it must be a whole number", where, value));
    return;
  }
  set_number(std::get<NumberRule>(property.rule), settings, number, where, faults);
}

void set_from_toml(const Property& property, Settings& settings, const toml::node& node, Faults& faults) {
  if (const auto* text = std::get_if<TextRule>(&property.rule)) {
    const auto value = node.value_exact<std::string>();
    if (value) return set_text(*text, settings, *value, property.key, faults);
    faults.push_back(fmt::format("{} must be a string", property.key));
  } else {
    const auto value = node.value_exact<std::int64_t>();
    if (value) return set_number(std::get<NumberRule>(property.rule), settings, *value, property.key, faults);
    faults.push_back(fmt::format("{} must be a whole number", property.key));
  }
}

const Property* find(std::string_view key) {
  const auto found = std::ranges::find(properties(), key, &Property::key);
  return found == properties().end() ? nullptr : &*found;
}

void apply_table(const toml::table& table, Settings& settings, Faults& faults) {
  for (const auto& [section, node] : table) {
    const toml::table* keys = node.as_table();
    if (keys == nullptr) {
      faults.push_back(fmt::format("{} is not a table of settings", section.str()));
      continue;
    }
    for (const auto& [name, value] : *keys) {
      const std::string key = fmt::format("{}.{}", section.str(), name.str());
      if (const Property* property = find(key)) {
        set_from_toml(*property, settings, value, faults);
      } else {
        faults.push_back(fmt::format("{} is not a setting", key));
      }
    }
  }
}

void apply_file(const std::filesystem::path& file, Settings& settings, Faults& faults) {
  try {
    apply_table(toml::parse_file(file.string()), settings, faults);
  } catch (const toml::parse_error& error) {
    faults.push_back(fmt::format("{}: {} (line {})", file.string(), error.description(), error.source().begin.line));
  }
}

void apply_variable(std::string_view name, const Property& property, Environment environment, Settings& settings,
                    Faults& faults) {
  if (name.empty()) return;
  const char* value = environment(std::string(name).c_str());
  if (value != nullptr && *value != '\0') set_from_text(property, settings, value, name, faults);
}

/// OPENAI_* are for whoever sets nothing else: with a server of our own naming, their key must not go there, nor any
/// text go to theirs.
void apply_environment(Environment environment, Settings& settings, Faults& faults) {
  for (const Property& property : properties()) {
    apply_variable(property.environment, property, environment, settings, faults);
  }
  if (!settings.llm.base_url.empty() || !settings.embedding.base_url.empty()) return;
  for (const Property& property : properties()) {
    if (property.common_environment.empty()) continue;
    apply_variable(property.common_environment, property, environment, settings, faults);
    apply_variable(property.environment, property, environment, settings, faults);
  }
}

/// A key without an address means OpenAI. Answers and embeddings are set apart: one can be offline without the other.
void complete(Settings& settings) {
  Provider& llm = settings.llm;
  Provider& embedding = settings.embedding;
  if (llm.base_url.empty() && !llm.api_key.empty()) llm.base_url = kOpenAi;
  if (embedding.base_url.empty() && !embedding.api_key.empty()) embedding.base_url = kOpenAi;
  if (!llm.base_url.empty() && llm.model.empty()) llm.model = "gpt-4o-mini";
  if (!embedding.base_url.empty() && embedding.model.empty()) embedding.model = "text-embedding-3-small";
  if (embedding.base_url.empty() && embedding.model.empty()) embedding.model = "auto";
}

void check_origins(const Settings& settings, Faults& faults) {
  for (const std::string& origin : split_origins(settings.cors_origins)) {
    const auto fault = fault_of_origin(origin);
    if (fault) faults.push_back(fmt::format("server.cors_origins holds \"{}\": {}", origin, *fault));
  }
}

/// What many processes share must be the same for all of them.
void check_scale(const Settings& settings, Faults& faults) {
  if (settings.redis_url.empty()) return;
  if (settings.database_url.empty()) {
    faults.emplace_back(
        "storage.redis_url (CODELAB_REDIS_URL) is for many processes, which share a PostgreSQL: set "
        "storage.database_url (CODELAB_DATABASE_URL) too");
  }
  if (settings.jwt_secrets.empty()) {
    faults.emplace_back(
        "auth.jwt_secrets (CODELAB_JWT_SECRETS) must be set with storage.redis_url: a token that one process gives out "
        "is read by all");
  }
}

void check_shards(const Settings& settings, Faults& faults) {
  const auto shards = named_addresses(settings.database_shards, "storage.database_shards", faults);
  const auto owners =
      named_addresses(settings.database_shard_migration_urls, "storage.database_shard_migration_urls", faults);
  for (const NamedAddress& owner : owners) {
    if (std::ranges::find(shards, owner.name, &NamedAddress::name) != shards.end()) continue;
    faults.push_back(fmt::format(
        "storage.database_shard_migration_urls names the shard \"{}\", which storage.database_shards does not",
        owner.name));
  }
  if (!shards.empty() && settings.database_url.empty()) {
    faults.emplace_back(
        "storage.database_shards (CODELAB_DATABASE_SHARDS) names databases beside the first: set storage.database_url "
        "(CODELAB_DATABASE_URL) too");
  }
}

void check(const Settings& settings, Faults& faults) {
  check_origins(settings, faults);
  check_shards(settings, faults);
  check_scale(settings, faults);
  for (const auto& [name, url] : {std::pair{"llm.base_url", &settings.llm.base_url},
                                  std::pair{"embedding.base_url", &settings.embedding.base_url}}) {
    if (!url->empty() && !url->starts_with("http://") && !url->starts_with("https://")) {
      faults.push_back(fmt::format("{} is \"{}\", it must begin with http:// or https://", name, *url));
    }
  }
  const std::string& model = settings.embedding.model;
  if (settings.embedding.base_url.empty() && model != "auto" && model != "sentences" && model != "hashing") {
    faults.push_back(
        fmt::format("embedding.model is \"{}\"; without embedding.base_url it must be auto, sentences or "
                    "hashing",
                    model));
  }
}

std::string default_of(const Property& property) {
  Settings defaults;
  if (const auto* text = std::get_if<TextRule>(&property.rule)) {
    const std::string& value = text->value(defaults);
    return value.empty() ? "empty" : "`" + value + "`";
  }
  return fmt::format("`{}`", std::get<NumberRule>(property.rule).value(defaults));
}

std::string bounds_of(const Property& property) {
  if (const auto* text = std::get_if<TextRule>(&property.rule)) {
    return text->choices.empty() ? "text" : fmt::format("{}", fmt::join(text->choices, ", "));
  }
  const auto& number = std::get<NumberRule>(property.rule);
  return fmt::format("{} to {}", number.minimum, number.maximum);
}

}  // namespace

base::log::Level Settings::parsed_log_level() const {
  if (log_level == "debug") return base::log::Level::debug;
  if (log_level == "warning") return base::log::Level::warning;
  if (log_level == "error") return base::log::Level::error;
  return base::log::Level::info;
}

Loaded load(const std::optional<std::filesystem::path>& file, Environment environment) {
  Loaded loaded;
  if (file) apply_file(*file, loaded.settings, loaded.faults);
  apply_environment(environment, loaded.settings, loaded.faults);
  complete(loaded.settings);
  check(loaded.settings, loaded.faults);
  return loaded;
}

std::string documentation() {
  std::string text =
      "# Configuration\n\n"
      "Every setting has a default. A TOML file (`codelab serve --config FILE`) changes it, the environment changes "
      "it\n"
      "once more. `codelab config check` says in words what is wrong. This page is printed by `codelab config doc`.\n\n"
      "| in the file | in the environment | default | may be | what it is |\n|---|---|---|---|---|\n";
  for (const Property& property : properties()) {
    std::string names = fmt::format("`{}`", property.environment);
    if (!property.common_environment.empty()) names += fmt::format(", `{}`", property.common_environment);
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", property.key, names, default_of(property),
                        bounds_of(property), property.help);
  }
  return text;
}

}  // namespace codelab::config
