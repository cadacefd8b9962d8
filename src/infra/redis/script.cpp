#include "infra/redis/script.hpp"

#include <stdexcept>

#include <openssl/evp.h>

namespace codelab::infra::redis {

Script::Script(std::string_view source) : source_(source), sha1_{} {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(source.data(), source.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) {
    throw std::runtime_error("SHA-1 is not available");
  }
  for (std::size_t i = 0; i < size; ++i) {
    sha1_[2 * i] = kDigits[digest[i] >> 4U];
    sha1_[2 * i + 1] = kDigits[digest[i] & 15U];
  }
}

}  // namespace codelab::infra::redis
