#include "infra/secrets/jwt_secrets_file.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sodium.h>

#include "core/identity/base64url.hpp"

namespace codelab::infra::secrets {
namespace {

using core::identity::encode_base64url;

constexpr std::size_t kMaxBytes = 64UL * 1024;

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

base::Error refusal(const std::filesystem::path& file, std::string_view why) {
  return base::make_error(base::ErrorCode::validation_failed,
                          fmt::format("the token secrets in {} cannot be used: {}", file.string(), why));
}

base::Error system_refusal(const std::filesystem::path& file, std::string_view what) {
  return refusal(file, fmt::format("{}: {}", what, std::strerror(errno)));
}

std::string random_text(std::size_t bytes) {
  std::string random(bytes, '\0');
  randombytes_buf(random.data(), random.size());
  return encode_base64url(random);
}

std::optional<std::string> fault_of(const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return "it is not a plain file";
  if (status.st_uid != ::geteuid()) return "it belongs to another user";
  if ((status.st_mode & 077U) != 0) {
    return fmt::format(
        "others may access it (mode {:04o}); make it yours alone with chmod 600, and replace the secret "
        "if somebody may have read it",
        status.st_mode & 07777U);
  }
  if (static_cast<std::size_t>(status.st_size) > kMaxBytes) return "it is too long";
  return std::nullopt;
}

/// nullopt when the file is not there.
std::optional<base::Result<std::string>> read_secrets(const std::filesystem::path& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.is_open() && errno == ENOENT) return std::nullopt;
  if (!file.is_open()) return system_refusal(path, "it cannot be opened");
  struct stat status{};
  if (::fstat(file.descriptor(), &status) != 0) return system_refusal(path, "it cannot be examined");
  if (const auto fault = fault_of(status)) return refusal(path, *fault);
  std::string text;
  std::array<char, 4096> block{};
  for (;;) {
    const ssize_t count = ::read(file.descriptor(), block.data(), block.size());
    if (count < 0) return system_refusal(path, "it cannot be read");
    if (count == 0) break;
    text.append(block.data(), static_cast<std::size_t>(count));
  }
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  if (text.empty()) return refusal(path, "it is empty; delete it to have a new one made");
  return text;
}

bool write_durably(const std::filesystem::path& path, std::string_view text) {
  const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  return file.is_open() && ::write(file.descriptor(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
         ::fsync(file.descriptor()) == 0;
}

bool sync_folder(const std::filesystem::path& folder) {
  const File opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.is_open() && ::fsync(opened.descriptor()) == 0;
}

/// Puts the file under its name only once it is whole; a name that is taken meanwhile stays as it is.
std::optional<base::Error> create_secrets(const std::filesystem::path& folder, const std::filesystem::path& path) {
  const std::filesystem::path draft = path.string() + "." + random_text(9) + ".new";
  const std::string text = fmt::format("{}:{}\n", random_text(6), random_text(32));
  std::optional<base::Error> failure;
  if (!write_durably(draft, text)) {
    failure = system_refusal(path, "it cannot be written");
  } else if (::link(draft.c_str(), path.c_str()) != 0 && errno != EEXIST) {
    failure = system_refusal(path, "it cannot be created");
  }
  ::unlink(draft.c_str());
  if (!failure && !sync_folder(folder)) failure = system_refusal(path, "its folder cannot be synchronised");
  return failure;
}

}  // namespace

base::Result<std::string> load_or_create_jwt_secrets(const std::filesystem::path& data_folder) {
  const std::filesystem::path path = data_folder / kJwtSecretsFile;
  if (const auto existing = read_secrets(path)) return *existing;
  if (const auto failure = create_secrets(data_folder, path)) return *failure;
  const auto created = read_secrets(path);
  if (!created) return refusal(path, "it vanished while it was made");
  return *created;
}

}  // namespace codelab::infra::secrets
