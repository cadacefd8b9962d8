#pragma once

#include <filesystem>

namespace codelab::infra::sqlite {

/// A folder that one process serves: it and the database's file are made if missing, for this user's eyes only, and
/// locked until the end. Throws base::StoreError that says what is in the way.
class DataFolder {
 public:
  explicit DataFolder(std::filesystem::path folder);
  ~DataFolder();
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

  std::filesystem::path database_file() const;

 private:
  std::filesystem::path folder_;
  int lock_ = -1;
};

}  // namespace codelab::infra::sqlite
