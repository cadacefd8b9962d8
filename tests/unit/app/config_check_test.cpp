#include "app/config_check.hpp"

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/contract/temporary_folder.hpp"

namespace codelab::app {
namespace {

struct ConfigCheck : testing::Test {
  ConfigCheck() { settings.data_dir = folder.path() / "data"; }

  /// The one fault that there is; empty when there is none.
  std::string fault() {
    const auto faults = faults_behind(settings);
    EXPECT_LE(faults.size(), 1);
    return faults.empty() ? "" : faults.front();
  }

  tests::TemporaryFolder folder;
  config::Settings settings;
};

TEST_F(ConfigCheck, a_data_folder_that_can_be_made_is_good_and_is_not_made) {
  EXPECT_EQ(fault(), "");
  settings.data_dir = folder.path() / "one" / "below" / "another";
  EXPECT_EQ(fault(), "");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_F(ConfigCheck, a_data_folder_that_is_there_is_tried_without_a_trace) {
  std::filesystem::create_directory(settings.data_dir);
  EXPECT_EQ(fault(), "");
  EXPECT_TRUE(std::filesystem::is_empty(settings.data_dir));
}

TEST_F(ConfigCheck, the_address_of_the_metrics_is_tried_when_they_stand_apart) {
  settings.metrics_host = "192.0.2.1";
  EXPECT_EQ(fault(), "");
  settings.metrics_port = 0;
  EXPECT_TRUE(fault().starts_with("server.metrics_host is \"192.0.2.1\": ")) << fault();
}

TEST_F(ConfigCheck, a_data_folder_relative_to_here_is_good) {
  settings.data_dir = "some-folder-that-is-not-there";
  EXPECT_EQ(fault(), "");
}

TEST_F(ConfigCheck, a_data_folder_that_is_or_stands_below_a_file_is_told) {
  std::ofstream(settings.data_dir) << "no folder";
  EXPECT_TRUE(fault().starts_with("storage.data_dir is \"" + settings.data_dir + "\": ")) << fault();
  settings.data_dir += "/below";
  EXPECT_TRUE(fault().contains("no folder")) << fault();
}

TEST_F(ConfigCheck, a_data_folder_where_nothing_can_be_written_is_told) {
  settings.data_dir = "/proc/codelab";
  EXPECT_TRUE(fault().contains("nothing can be written in /proc: ")) << fault();
  settings.data_dir = "";
  EXPECT_TRUE(fault().contains("storage.data_dir")) << fault();
}

TEST_F(ConfigCheck, a_host_of_this_machine_is_good) {
  for (const char* host : {"127.0.0.1", "0.0.0.0", "localhost"}) {
    settings.host = host;
    EXPECT_EQ(fault(), "");
  }
}

TEST_F(ConfigCheck, a_host_that_cannot_be_listened_on_is_told) {
  for (const char* host : {"192.0.2.1", "300.1.1.1", "no such host", "http://127.0.0.1", "127.0.0.1:80"}) {
    settings.host = host;
    EXPECT_TRUE(fault().starts_with("server.host is \"" + settings.host + "\": ")) << host << ": " << fault();
  }
}

TEST_F(ConfigCheck, a_shard_whose_address_is_none_is_told_without_it) {
  settings.database_url = "dbname=one";
  settings.database_shards = "b=dbname=two;c=no secret address";
  EXPECT_TRUE(fault().starts_with("storage.database_shards, c: ")) << fault();
  EXPECT_FALSE(fault().contains("secret")) << fault();
}

TEST_F(ConfigCheck, everything_is_told_at_once) {
  settings.data_dir = "";
  settings.host = "192.0.2.1";
  settings.jwt_secrets = "no-colon";
  settings.prices_file = folder.path() / "absent.toml";
  EXPECT_EQ(faults_behind(settings).size(), 4);
}

}  // namespace
}  // namespace codelab::app
