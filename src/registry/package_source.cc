#include "registry/package_source.h"

namespace vlmhb::registry {

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

}  // namespace vlmhb::registry
