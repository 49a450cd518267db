#pragma once
// Secrets in a config stand there as references only: ${env:NAME} or ${file:PATH}. A reference
// travels through the resolved experiment, plan and manifest as it is; its value is read where a
// model is started and is written nowhere. Allowed in string values of a run's "model_params".

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace vlmhb::config {

using EnvLookup = std::function<std::optional<std::string>(const std::string& name)>;

struct SecretRef {
  enum class Source { kEnv, kFile };
  Source source = Source::kEnv;
  std::string name;  // of the variable, or the path
};

// True if `text` as a whole has the form "${…}", whether or not it is a right reference.
bool LooksLikeSecretRef(std::string_view text);

// kInvalidConfig, with the forms that exist, for anything but ${env:NAME} and ${file:PATH}.
Result<SecretRef> ParseSecretRef(std::string_view text);

// True for keys such as "api_key" and "password", whose values must not stand in a config.
bool IsSecretKey(std::string_view key);

struct SecretProblem {
  std::string pointer;  // within the value that was checked
  std::string message;
};
// Wrong references and literal secrets anywhere in `params`. Pure.
std::vector<SecretProblem> CheckSecrets(const json::object& params);

// `params` with every reference replaced by its value; a file's last line break is dropped. A
// relative path counts from the working folder. kNotFound for a variable that is not set, the
// file's own error for one that cannot be read (at most 64 KiB). The values never appear in an
// error.
Result<json::object> ResolveSecrets(const json::object& params, const EnvLookup& env);

// Makes `params` fit for an environment that sees none of this process's variables and files: the
// value of every reference goes into `environment` under a name made for it, and the reference
// becomes
// ${env:<that name>}. Errors as ResolveSecrets.
Result<json::object> MoveSecrets(const json::object& params, const EnvLookup& env,
                                 std::map<std::string, std::string>& environment);

}  // namespace vlmhb::config
