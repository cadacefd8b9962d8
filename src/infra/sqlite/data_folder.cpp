#include "infra/sqlite/data_folder.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>

#include <fmt/format.h>

#include "base/store_error.hpp"

namespace codelab::infra::sqlite {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDatabaseName = "codelab.db";
constexpr const char* kLockName = "codelab.lock";
constexpr mode_t kOwnerOnly = 0600;

void make_folder(const fs::path& folder) {
  std::error_code error;
  if (fs::create_directories(folder, error)) fs::permissions(folder, fs::perms::owner_all, error);
  if (error)
    throw base::StoreError(fmt::format("cannot make the data folder {}: {}", folder.string(), error.message()));
}

int open_owned(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly);
  if (descriptor >= 0) return descriptor;
  throw base::StoreError(fmt::format("cannot write {}: {}; make the data folder writable for this user", file.string(),
                                     std::strerror(errno)));
}

/// Only before SQLite opens the file: closing any descriptor of it would drop SQLite's own locks.
void make_database(const fs::path& file) {
  if (!fs::exists(file)) ::close(open_owned(file));
}

}  // namespace

DataFolder::DataFolder(fs::path folder) : folder_(std::move(folder)) {
  make_folder(folder_);
  lock_ = open_owned(folder_ / kLockName);
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock_);
    throw base::StoreError(fmt::format(
        "the data folder {} is served by another process: stop it, or use another folder", folder_.string()));
  }
  make_database(database_file());
}

DataFolder::~DataFolder() { ::close(lock_); }

fs::path DataFolder::database_file() const { return folder_ / kDatabaseName; }

}  // namespace codelab::infra::sqlite
