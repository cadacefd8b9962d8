#pragma once

#include <cstddef>
#include <expected>
#include <filesystem>
#include <span>
#include <string>
#include <utility>

namespace codelab::infra::embedded_models {

/// A whole file mapped read-only: pages are read when they are first used, shared between processes, and the system
/// may drop them again. The file must not be cut short while this lives.
class MappedFile {
 public:
  /// The error says why the file cannot be mapped; an empty file cannot.
  static std::expected<MappedFile, std::string> open(const std::filesystem::path& path);

  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedFile();

  /// Begins on a page boundary.
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::span<const std::byte> bytes_;
};

}  // namespace codelab::infra::embedded_models
