#pragma once
// Credentials of registries, from the config.json that `docker login` and `podman login` write: in
// the file itself, or from a helper program that it names. No message ever has a secret in it.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "os/file.h"

namespace vlmhb::docker {

struct Credentials {
  std::string username;
  std::string password;
  std::string identity_token;  // instead of the two
};

// What a config.json says of one registry.
struct CredentialEntry {
  std::string helper;  // docker-credential-<helper> knows; asked first
  std::string server;  // under this name
  std::optional<Credentials> stored;
};

// `registry` as in ImageReference ("docker.io"). Pure. kInvalidConfig for a file that is not what
// it should be.
Result<CredentialEntry> FindCredentials(std::string_view config, std::string_view registry);

// The same, with the file read and the helper asked. An absent file, and a helper that knows
// nothing, is nullopt; a helper that fails is kUnavailable. `helper_env` is all the helper gets;
// empty: PATH of the system, and the folder above the file's as HOME.
Result<std::optional<Credentials>> LoadCredentials(
    const os::Path& config, std::string_view registry,
    const std::map<std::string, std::string>& helper_env);

// The value of the header X-Registry-Auth.
std::string RegistryAuthHeader(const Credentials& credentials, std::string_view registry);

// `text` without the secrets.
std::string HideSecrets(std::string text, const Credentials& credentials);

}  // namespace vlmhb::docker
