#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace codelab::infra::secrets {

inline constexpr std::string_view kJwtSecretsFile = "jwt_secrets";

/// The token secrets of a server that was given none: the text of `jwt_secrets` in the data folder (as
/// CODELAB_JWT_SECRETS is written), made of 32 random bytes at the first call and the same ever after. The file
/// appears whole or not at all, durable and readable by its owner only; of several processes that race for it one wins
/// and all return its text. Blocks; for the start of the program.
/// Errors, in words for the operator: validation_failed for a file that others can read, that is somebody else's, that
/// is no plain file, or that cannot be read or written.
base::Result<std::string> load_or_create_jwt_secrets(const std::filesystem::path& data_folder);

}  // namespace codelab::infra::secrets
