#include "infra/secrets/jwt_secrets_file.hpp"

#include <filesystem>
#include <fstream>
#include <set>
#include <stdlib.h>
#include <sys/stat.h>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/identity/jwt_keys.hpp"

namespace codelab::infra::secrets {
namespace {

namespace fs = std::filesystem;

class JwtSecretsFileTest : public testing::Test {
 protected:
  JwtSecretsFileTest() {
    std::string name = (fs::temp_directory_path() / "codelab_secrets_XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~JwtSecretsFileTest() override { fs::remove_all(folder_); }

  fs::path file() const { return folder_ / kJwtSecretsFile; }
  void write(std::string_view text, fs::perms mode = fs::perms::owner_read | fs::perms::owner_write) const {
    std::ofstream(file()) << text;
    fs::permissions(file(), mode);
  }
  std::string refusal() const {
    const auto secrets = load_or_create_jwt_secrets(folder_);
    return secrets ? "" : secrets.error().detail;
  }

  fs::path folder_;
};

TEST_F(JwtSecretsFileTest, IsMadeOnceForItsOwnerOnlyAndKept) {
  const auto first = load_or_create_jwt_secrets(folder_);
  ASSERT_TRUE(first);
  EXPECT_TRUE(core::identity::JwtKeys::parse(*first));
  struct stat status{};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  EXPECT_EQ(*load_or_create_jwt_secrets(folder_), *first);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

TEST_F(JwtSecretsFileTest, IsAnotherOneInAnotherFolder) {
  const auto first = load_or_create_jwt_secrets(folder_);
  fs::remove(file());
  EXPECT_NE(*load_or_create_jwt_secrets(folder_), *first);
}

TEST_F(JwtSecretsFileTest, MayBeWrittenByHand) {
  write("new:secret-one,old:secret-two\r\n\n");
  EXPECT_EQ(*load_or_create_jwt_secrets(folder_), "new:secret-one,old:secret-two");
}

TEST_F(JwtSecretsFileTest, IsRefusedWhenOthersMayReadIt) {
  for (const unsigned mode : {0640U, 0604U, 0660U, 0644U, 0610U}) {
    write("k:secret", static_cast<fs::perms>(mode));
    const std::string why = refusal();
    EXPECT_NE(why.find("chmod 600"), std::string::npos) << why;
    EXPECT_NE(why.find(file().string()), std::string::npos) << why;
    EXPECT_EQ(why.find("secret\""), std::string::npos);
  }
}

TEST_F(JwtSecretsFileTest, IsRefusedWhenItIsNoPlainFile) {
  fs::create_directory(file());
  fs::permissions(file(), fs::perms::owner_all);
  EXPECT_NE(refusal().find("not a plain file"), std::string::npos);
  fs::remove(file());
  std::ofstream(folder_ / "elsewhere") << "k:secret";
  fs::create_symlink(folder_ / "elsewhere", file());
  EXPECT_NE(refusal(), "");
  fs::remove(file());
  ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
  EXPECT_NE(refusal().find("not a plain file"), std::string::npos);
}

TEST_F(JwtSecretsFileTest, IsRefusedWhenEmptyOrTooLong) {
  write(" \n");
  EXPECT_NE(refusal().find("empty"), std::string::npos);
  write(std::string(100'000, 'x'));
  EXPECT_NE(refusal().find("too long"), std::string::npos);
}

TEST_F(JwtSecretsFileTest, CannotBeMadeWithoutItsFolder) {
  folder_ /= "absent";
  EXPECT_NE(refusal().find("cannot be written"), std::string::npos);
  folder_ = folder_.parent_path();
}

TEST_F(JwtSecretsFileTest, IsOneForAllWhoRaceForIt) {
  std::vector<std::string> seen(8);
  std::vector<std::thread> threads;
  for (std::string& each : seen) {
    threads.emplace_back([this, &each] { each = load_or_create_jwt_secrets(folder_).value_or(""); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 1U);
  EXPECT_NE(seen.front(), "");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 1);
}

}  // namespace
}  // namespace codelab::infra::secrets
