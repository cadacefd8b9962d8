#include "infra/embedded_models/mapped_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace codelab::infra::embedded_models {

std::expected<MappedFile, std::string> MappedFile::open(const std::filesystem::path& path) {
  const auto failure = [&path](int error) {
    return std::unexpected("cannot map " + path.string() + ": " + std::generic_category().message(error));
  };
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return failure(errno);
  struct stat status = {};
  void* mapping = MAP_FAILED;
  if (::fstat(descriptor, &status) == 0) {
    mapping = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_SHARED, descriptor, 0);
  }
  const int error = errno;
  ::close(descriptor);  // the mapping keeps the file
  if (mapping == MAP_FAILED) return failure(error);
  return MappedFile({static_cast<const std::byte*>(mapping), static_cast<std::size_t>(status.st_size)});
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace codelab::infra::embedded_models
