#include "app/commands.hpp"

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/config_check.hpp"
#include "app/doctor.hpp"
#include "app/operator.hpp"
#include "app/serve.hpp"
#include "app/shards.hpp"
#include "base/log.hpp"
#include "config/load.hpp"
#include "config/unknown_variables.hpp"

namespace codelab::app {
namespace {

const char* environment(const char* name) { return std::getenv(name); }

/// Runs `command` with the settings if they can be used, else says what is wrong with them.
template <class Command>
int with_settings(const std::string& file, Command&& command) {
  const auto path = file.empty() ? std::nullopt : std::optional<std::filesystem::path>(file);
  const auto loaded = config::load(path, environment);
  for (const std::string& fault : loaded.faults) fmt::print(stderr, "configuration: {}\n", fault);
  if (!loaded.faults.empty()) return 2;
  return command(loaded.settings);
}

int config_is_good(const config::Settings& settings) {
  for (const std::string& name : config::unknown_variables(environ)) {
    fmt::print(stderr, "configuration: warning: {} is not a setting; it is ignored\n", name);
  }
  const auto faults = faults_behind(settings);
  for (const std::string& fault : faults) fmt::print(stderr, "configuration: {}\n", fault);
  if (!faults.empty()) return 2;
  fmt::print("The configuration can be used.\n");
  return 0;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App program{"CodeLab Core: a personal multi-agent AI platform"};
  program.set_version_flag("--version", CODELAB_VERSION);
  program.require_subcommand(1);
  std::string file;
  OperatorOptions options;
  ShardOptions shard_options;
  int status = 0;

  const auto add = [&](CLI::App& parent, const char* name, const char* help, auto command) {
    CLI::App* sub = parent.add_subcommand(name, help);
    sub->add_option("--config", file, "TOML file of settings");
    sub->callback([&, command] { status = with_settings(file, command); });
    return sub;
  };
  add(program, "serve", "Run the server", serve);
  add(program, "doctor", "Try every part and say what is wrong", run_doctor);
  CLI::App* config = program.add_subcommand("config", "The configuration")->require_subcommand(1);
  add(*config, "check", "Say whether the configuration can be used", config_is_good);
  config->add_subcommand("doc", "Print the reference of every setting")->callback([] {
    fmt::print("{}", config::documentation());
  });
  CLI::App* user =
      program.add_subcommand("user", "The users (with SQLite while the server is stopped)")->require_subcommand(1);
  add(*user, "add", "Add a user; the password is read from standard input",
      [&](const config::Settings& settings) { return add_user(settings, options); })
      ->add_option("email", options.email)
      ->required();
  add(*user, "list", "List the users", list_users);
  add(*user, "erase", "Erase a user and everything they own",
      [&](const config::Settings& settings) { return erase_user(settings, options); })
      ->add_option("email", options.email)
      ->required();
  CLI::App* shards =
      program.add_subcommand("shards", "The databases that users are spread over")->require_subcommand(1);
  add(*shards, "list", "List the databases, how many users live in each, and the moves that are not finished",
      list_shards);
  CLI::App* move = add(*shards, "move", "Move a user to another database, while all of them serve",
                       [&](const config::Settings& settings) { return move_user(settings, shard_options); });
  move->add_option("user", shard_options.user, "E-mail address or id")->required();
  move->add_option("shard", shard_options.shard, "Its name; where the user lives now gives an unfinished move up")
      ->required();
  add(program, "token", "Print an access token for a service (with SQLite while the server is stopped)",
      [&](const config::Settings& settings) { return mint_token(settings, options); })
      ->add_option("--user", options.email, "The user's e-mail")
      ->required();

  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.exit(error);
  } catch (const std::exception& failure) {
    base::log::error("cannot_run", {{"reason", failure.what()}});
    return 1;
  }
  return status;
}

}  // namespace codelab::app
