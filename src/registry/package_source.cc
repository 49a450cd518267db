#include "registry/package_source.h"

#include <algorithm>

#include "base/text.h"

namespace vlmhb::registry {
namespace {

// Too much is better hidden than too little: "auth" is in "author" too.
bool IsSecretName(std::string_view name) {
  static constexpr std::string_view kParts[] = {"token", "secret", "pass", "pwd", "auth",
                                                "cred",  "key",    "sig",  "sas", "jwt"};
  const std::string lower = AsciiLower(name);
  return std::any_of(std::begin(kParts), std::end(kParts),
                     [&](std::string_view part) { return lower.find(part) != std::string::npos; });
}

}  // namespace

json::object PackageToJson(const PackageSource& source) {
  switch (source.type) {
    case PackageSource::Type::kGit:
      return {{"type", "git"}, {"url", source.url}, {"ref", source.ref}};
    case PackageSource::Type::kLocal:
      return {{"type", "local"}, {"path", source.path}, {"editable", source.editable}};
    case PackageSource::Type::kPypi:
      break;
  }
  return {{"type", "pypi"}, {"name", source.name}, {"version", source.version}};
}

PackageSource PackageFromJson(const json::object& object) {
  const std::string type = FindString(object, "type");
  return {.type = type == "git"     ? PackageSource::Type::kGit
                  : type == "local" ? PackageSource::Type::kLocal
                                    : PackageSource::Type::kPypi,
          .name = FindString(object, "name"),
          .version = FindString(object, "version"),
          .url = FindString(object, "url"),
          .ref = FindString(object, "ref"),
          .path = FindString(object, "path"),
          .editable = FindBool(object, "editable", false)};
}

bool HoldsCredentials(std::string_view url) {
  const auto user = UrlUserInfo(url);
  if (user.has_value() && (user->find(':') != user->npos || url.starts_with("https://")))
    return true;
  return WithoutQuerySecrets(url) != url;
}

std::string WithoutQuerySecrets(std::string_view url) {
  const size_t query = url.find('?');
  std::string clean(url.substr(0, query));
  if (query == url.npos) return clean;
  url.remove_prefix(query);
  while (!url.empty()) {
    // "?" or "&", then "name=value".
    const size_t end = std::min(url.find_first_of("&;#", 1), url.size());
    const size_t equals = url.substr(0, end).find('=');
    const bool secret = equals != url.npos && IsSecretName(url.substr(1, equals - 1));
    clean += secret ? std::string(url.substr(0, equals + 1)) + "***" : url.substr(0, end);
    url.remove_prefix(end);
  }
  return clean;
}

}  // namespace vlmhb::registry
