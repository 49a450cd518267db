#include "config/secret_ref.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "os/file.h"

namespace vlmhb::config {
namespace {

constexpr size_t kMaxSecretBytes = 64u << 10;

constexpr std::string_view kSecretKeys[] = {"token",
                                            "auth_token",
                                            "access_token",
                                            "hf_token",
                                            "secret",
                                            "huggingface_token",
                                            "hugging_face_token",
                                            "client_secret",
                                            "api_key",
                                            "apikey",
                                            "access_key",
                                            "secret_key",
                                            "secret_access_key",
                                            "private_key",
                                            "password",
                                            "passwd",
                                            "credentials",
                                            "authorization"};

bool IsVariableName(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

void Check(const json::value& value, std::string_view key, const std::string& pointer,
           std::vector<SecretProblem>& problems) {
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object)
      Check(member.value(), member.key(), pointer + "/" + EscapePointer(member.key()), problems);
  } else if (const auto* array = value.if_array()) {
    for (size_t i = 0; i < array->size(); ++i)
      Check((*array)[i], key, fmt::format("{}/{}", pointer, i), problems);
  } else if (value.is_string() && LooksLikeSecretRef(std::string_view(value.get_string()))) {
    const Result<SecretRef> reference = ParseSecretRef(std::string_view(value.get_string()));
    if (!reference.ok()) problems.push_back({pointer, reference.error().message()});
  } else if (IsSecretKey(key) && !value.is_null()) {
    problems.push_back(
        {pointer,
         fmt::format("a secret must not stand in a config; put it into an environment "
                     "variable or a file and write ${{env:NAME}} or ${{file:PATH}} for '{}'",
                     key)});
  }
}

Result<std::string> ReadSecret(const SecretRef& reference, const EnvLookup& env) {
  if (reference.source == SecretRef::Source::kEnv) {
    std::optional<std::string> value = env(reference.name);
    if (!value.has_value())
      return Error(ErrorCode::kNotFound,
                   fmt::format("the environment variable {} is not set; the config refers to it by "
                               "${{env:{}}}",
                               reference.name, reference.name));
    return *std::move(value);
  }
  VLMHB_ASSIGN(std::string text, os::ReadFile(reference.name, kMaxSecretBytes));
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

// What stands in place of a reference.
using Substitute = std::function<Result<std::string>(const SecretRef& reference)>;

Result<json::object> Replace(const json::object& object, const Substitute& substitute);

Result<json::value> Replace(const json::value& value, const Substitute& substitute) {
  if (const auto* object = value.if_object()) {
    VLMHB_ASSIGN(json::object replaced, Replace(*object, substitute));
    return json::value(std::move(replaced));
  }
  if (const auto* array = value.if_array()) {
    json::array replaced;
    for (const json::value& item : *array) {
      VLMHB_ASSIGN(json::value element, Replace(item, substitute));
      replaced.push_back(std::move(element));
    }
    return json::value(std::move(replaced));
  }
  if (!value.is_string() || !LooksLikeSecretRef(std::string_view(value.get_string()))) return value;
  VLMHB_ASSIGN(const SecretRef reference, ParseSecretRef(std::string_view(value.get_string())));
  VLMHB_ASSIGN(const std::string text, substitute(reference));
  return json::value(json::string(text));
}

Result<json::object> Replace(const json::object& object, const Substitute& substitute) {
  json::object replaced;
  for (const auto& member : object) {
    Result<json::value> value = Replace(member.value(), substitute);
    if (!value.ok())
      return std::move(value).error().With(
          fmt::format("reading the secret '{}'", std::string_view(member.key())));
    replaced[member.key()] = *std::move(value);
  }
  return replaced;
}

}  // namespace

bool LooksLikeSecretRef(std::string_view text) {
  return text.starts_with("${") && text.ends_with('}') && text.find('\n') == std::string_view::npos;
}

Result<SecretRef> ParseSecretRef(std::string_view text) {
  if (LooksLikeSecretRef(text)) {
    const std::string_view inner = text.substr(2, text.size() - 3);
    if (inner.starts_with("env:") && IsVariableName(inner.substr(4)))
      return SecretRef{SecretRef::Source::kEnv, std::string(inner.substr(4))};
    if (inner.starts_with("file:") && inner.size() > 5 &&
        inner.find('\0') == std::string_view::npos)
      return SecretRef{SecretRef::Source::kFile, std::string(inner.substr(5))};
  }
  return Error(
      ErrorCode::kInvalidConfig,
      fmt::format("'{}' is no reference to a secret: ${{env:NAME}} (letters, digits, _) or "
                  "${{file:PATH}} expected",
                  Truncate(text, 80)));
}

bool IsSecretKey(std::string_view key) {
  std::string name = AsciiLower(key);
  std::replace(name.begin(), name.end(), '-', '_');
  if (std::find(std::begin(kSecretKeys), std::end(kSecretKeys), name) != std::end(kSecretKeys))
    return true;
  return name.ends_with("_api_key") || name.ends_with("_password") || name.ends_with("_secret") ||
         name.ends_with("_access_token");
}

std::vector<SecretProblem> CheckSecrets(const json::object& params) {
  std::vector<SecretProblem> problems;
  Check(params, "", "", problems);
  return problems;
}

Result<json::object> ResolveSecrets(const json::object& params, const EnvLookup& env) {
  return Replace(params, [&env](const SecretRef& reference) { return ReadSecret(reference, env); });
}

Result<json::object> MoveSecrets(const json::object& params, const EnvLookup& env,
                                 std::map<std::string, std::string>& environment) {
  return Replace(params, [&](const SecretRef& reference) -> Result<std::string> {
    VLMHB_ASSIGN(std::string secret, ReadSecret(reference, env));
    const std::string name = fmt::format("VLMHB_SECRET_{}", environment.size() + 1);
    environment[name] = std::move(secret);
    return "${env:" + name + "}";
  });
}

}  // namespace vlmhb::config
