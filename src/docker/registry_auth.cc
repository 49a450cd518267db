#include "docker/registry_auth.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"
#include "os/process.h"

namespace vlmhb::docker {
namespace {

constexpr std::string_view kHub = "docker.io";
constexpr std::string_view kHubServer = "https://index.docker.io/v1/";
constexpr std::string_view kTokenUser = "<token>";  // the helpers' mark of an identity token
constexpr std::chrono::seconds kHelperTimeout{30};
constexpr size_t kLongestConfig = 4u << 20;

// "https://host:5000/v2/" -> "host:5000"; Docker Hub under all of its names -> "docker.io".
std::string_view RegistryOf(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"})
    if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
  key = key.substr(0, key.find('/'));
  return key == "index.docker.io" || key == "registry-1.docker.io" ? kHub : key;
}

bool IsHelperName(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

Result<std::optional<Credentials>> Stored(const json::object& entry) {
  Credentials credentials;
  credentials.identity_token = FindString(entry, "identitytoken");
  credentials.username = FindString(entry, "username");
  credentials.password = FindString(entry, "password");
  if (const std::string auth = FindString(entry, "auth"); !auth.empty()) {
    const Result<std::string> decoded = Base64Decode(auth);
    const size_t colon = decoded.ok() ? decoded->find(':') : std::string::npos;
    if (colon == std::string::npos)
      return Error(ErrorCode::kInvalidConfig, "its auth is not the base64 of user:password");
    credentials.username = decoded->substr(0, colon);
    credentials.password = decoded->substr(colon + 1);
    while (credentials.password.ends_with('\0')) credentials.password.pop_back();
  }
  if (credentials.identity_token.empty() && credentials.username.empty())
    return std::optional<Credentials>();
  return std::optional(std::move(credentials));
}

// In the PATH that the helper gets, which is not this process's. "": nowhere.
std::string FindHelper(const std::string& program, const std::string& path) {
  for (const std::string_view folder : Split(path, ':')) {
    if (!folder.starts_with('/')) continue;
    const std::string file = std::string(folder) + "/" + program;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return "";
}

Result<std::optional<Credentials>> AskHelper(const CredentialEntry& entry,
                                             std::map<std::string, std::string> env) {
  const std::string program = "docker-credential-" + entry.helper;
  const auto failed = [&](std::string_view why) {
    return Error(ErrorCode::kUnavailable,
                 fmt::format("{} gave no credentials of {}: {}", program, entry.server, why));
  };
  const std::string file = FindHelper(program, env["PATH"]);
  if (file.empty()) return failed("it is not in " + env["PATH"]);
  VLMHB_ASSIGN(os::Pipe input, os::MakePipe());
  VLMHB_TRY(os::WriteAll(input.write.get(), entry.server, program));
  input.write.Reset();
  Result<os::Output> output = os::RunAndCapture(
      {.argv = {file, "get"}, .env = std::move(env), .fds = {{0, input.read.get()}}},
      kHelperTimeout);
  if (!output.ok()) return failed(output.error().message());
  // The helpers' protocol knows this by its text only.
  if (output->out.find("credentials not found") != std::string::npos)
    return std::optional<Credentials>();
  if (!output->status.ok()) return failed(output->status.ToString());
  const Result<json::value> answer = ParseJson(output->out);
  if (!answer.ok() || !answer->is_object()) return failed("its answer is not JSON");
  Credentials credentials;
  credentials.username = FindString(answer->as_object(), "Username");
  credentials.password = FindString(answer->as_object(), "Secret");
  if (credentials.username == kTokenUser) {
    credentials.identity_token = std::move(credentials.password);
    credentials.username.clear();
    credentials.password.clear();
  }
  return std::optional(std::move(credentials));
}

}  // namespace

Result<CredentialEntry> FindCredentials(std::string_view config, std::string_view registry) {
  const Result<json::value> parsed = ParseJson(config);
  if (!parsed.ok() || !parsed->is_object())
    return Error(ErrorCode::kInvalidConfig, "it is not a JSON object");
  const json::object& object = parsed->as_object();
  CredentialEntry entry;
  entry.server = registry == kHub ? kHubServer : registry;
  if (const json::object* auths = FindObject(object, "auths")) {
    for (const auto& [key, value] : *auths) {
      if (!value.is_object() || RegistryOf(key) != registry) continue;
      VLMHB_ASSIGN(std::optional<Credentials> stored, Stored(value.as_object()));
      if (!stored.has_value()) continue;
      entry.stored = std::move(stored);
      if (key == registry || key == kHubServer) break;  // the exact one counts
    }
  }
  entry.helper = FindString(object, "credsStore");
  if (const json::object* helpers = FindObject(object, "credHelpers")) {
    for (const auto& [key, value] : *helpers)
      if (value.is_string() && RegistryOf(key) == registry) entry.helper = value.as_string();
  }
  if (!entry.helper.empty() && !IsHelperName(entry.helper))
    return Error(ErrorCode::kInvalidConfig,
                 "the name of its credential helper has other characters than A-Z a-z 0-9 - _");
  return entry;
}

Result<std::optional<Credentials>> LoadCredentials(
    const os::Path& config, std::string_view registry,
    const std::map<std::string, std::string>& helper_env) {
  if (config.empty()) return std::optional<Credentials>();
  Result<std::string> text = os::ReadFile(config, kLongestConfig);
  if (!text.ok() && text.error().code() == ErrorCode::kNotFound)
    return std::optional<Credentials>();
  if (!text.ok()) return std::move(text).error();
  Result<CredentialEntry> entry = FindCredentials(*text, registry);
  if (!entry.ok()) return std::move(entry).error().With("reading " + config.string());
  if (entry->helper.empty()) return std::move(entry->stored);
  std::map<std::string, std::string> env = helper_env;
  if (env.empty()) {
    env["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    env["HOME"] = config.parent_path().parent_path().string();
  }
  VLMHB_ASSIGN(std::optional<Credentials> found, AskHelper(*entry, std::move(env)));
  return found.has_value() ? std::move(found) : std::move(entry->stored);
}

std::string RegistryAuthHeader(const Credentials& credentials, std::string_view registry) {
  json::object auth;
  if (!credentials.identity_token.empty()) {
    auth["identitytoken"] = credentials.identity_token;
  } else {
    auth["username"] = credentials.username;
    auth["password"] = credentials.password;
  }
  auth["serveraddress"] = registry == kHub ? kHubServer : registry;
  std::string encoded = Base64Encode(ToJson(auth));
  std::ranges::replace(encoded, '+', '-');
  std::ranges::replace(encoded, '/', '_');
  return encoded;
}

std::string HideSecrets(std::string text, const Credentials& credentials) {
  for (const std::string& secret : {credentials.password, credentials.identity_token}) {
    if (secret.empty()) continue;
    for (size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += 3)
      text.replace(at, secret.size(), "***");
  }
  return text;
}

}  // namespace vlmhb::docker
