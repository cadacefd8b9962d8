#include "app/config_check.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <fmt/format.h>

#include "app/memories.hpp"
#include "base/store_error.hpp"
#include "core/identity/jwt_keys.hpp"
#include "core/models/price_table.hpp"
#include "http/server/listen_address.hpp"
#include "http/trusted_proxies.hpp"
#include "infra/postgres/address.hpp"
#include "infra/redis/address.hpp"

namespace codelab::app {
namespace {

namespace fs = std::filesystem;

/// `folder` itself, or the nearest one above it that is there.
fs::path nearest_existing(fs::path folder) {
  std::error_code error;
  while (!fs::exists(folder, error) && folder.has_relative_path()) folder = folder.parent_path();
  return folder;
}

/// Why nothing can be made in `folder`; found out by making something and removing it.
std::optional<std::string> fault_of_folder(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return fmt::format("{} is no folder", folder.string());
  std::string name = (folder / ".codelab-check-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    return fmt::format("nothing can be written in {}: {}", folder.string(), std::generic_category().message(errno));
  }
  ::rmdir(name.c_str());
  return std::nullopt;
}

std::optional<std::string> fault_of_data_dir(const std::string& data_dir) {
  if (data_dir.empty()) return "it must name a folder";
  std::error_code error;
  const fs::path folder = fs::absolute(data_dir, error).lexically_normal();
  return fault_of_folder(nearest_existing(folder));
}

/// Binds a port that nobody asked for: the one that is set may be in use by the server that runs with these settings.
std::optional<std::string> fault_of_host(const std::string& host) {
  namespace asio = boost::asio;
  asio::io_context context;
  try {
    const auto endpoint = http::server::listen_address(context, host, 0);
    asio::ip::tcp::acceptor acceptor(context);
    acceptor.open(endpoint.protocol());
    acceptor.bind(endpoint);
  } catch (const std::exception& failure) {
    return failure.what();
  }
  return std::nullopt;
}

/// Addresses may hold passwords: they are not repeated.
std::vector<std::string> faults_of_stores(const config::Settings& settings) {
  std::vector<std::string> faults;
  const auto look_at = [&](std::string_view name, const std::string& address) {
    if (address.empty()) return;
    try {
      infra::postgres::Address{address};
    } catch (const base::StoreError& failure) {
      faults.push_back(fmt::format("{}: {}", name, failure.what()));
    }
  };
  look_at("storage.database_url", settings.database_url);
  look_at("storage.database_migration_url", settings.database_migration_url);
  for (const config::Shard& shard : settings.shards()) {
    look_at(fmt::format("storage.database_shards, {}", shard.name), shard.address);
    look_at(fmt::format("storage.database_shard_migration_urls, {}", shard.name), shard.migration_address);
  }
  if (!settings.redis_url.empty()) {
    const auto address = infra::redis::parse_address(settings.redis_url);
    if (!address) faults.push_back("storage.redis_url: " + address.error());
  }
  if (!settings.qdrant_url.empty()) {
    const auto options = infra::qdrant::validated(qdrant_options(settings));
    if (!options) {
      for (const base::FieldError& fault : options.error().fields) faults.push_back("storage.qdrant_url: " + fault.msg);
    }
  }
  return faults;
}

}  // namespace

std::vector<std::string> faults_behind(const config::Settings& settings) {
  std::vector<std::string> faults = faults_of_stores(settings);
  const auto note = [&](std::string_view name, std::string_view value, const std::optional<std::string>& fault) {
    if (fault) faults.push_back(fmt::format("{} is \"{}\": {}", name, value, *fault));
  };
  note("storage.data_dir", settings.data_dir, fault_of_data_dir(settings.data_dir));
  note("server.host", settings.host, fault_of_host(settings.host));
  if (settings.metrics_apart()) {
    note("server.metrics_host", settings.metrics_host, fault_of_host(settings.metrics_host));
  }
  const auto proxies = http::TrustedProxies::parse(settings.trusted_proxies);
  if (!proxies) faults.push_back("server.trusted_proxies: " + proxies.error().detail);
  if (!settings.jwt_secrets.empty()) {
    const auto keys = core::identity::JwtKeys::parse(settings.jwt_secrets);
    if (!keys) faults.push_back("auth.jwt_secrets: " + keys.error().detail);
  }
  if (!settings.prices_file.empty()) {
    const auto prices = core::models::PriceTable::built_in().with_override_file(settings.prices_file);
    if (!prices) faults.push_back("llm.prices_file: " + prices.error().detail);
  }
  return faults;
}

}  // namespace codelab::app
