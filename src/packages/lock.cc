#include "packages/lock.h"

#include <fmt/format.h>

#include "base/hash.h"

namespace vlmhb::packages {
namespace {

json::object PackageToJson(const LockedPackage& package) {
  json::object object{{"name", package.name}, {"version", package.version}};
  if (!package.hashes.empty())
    object["hashes"] = json::array(package.hashes.begin(), package.hashes.end());
  if (!package.git.empty()) object["git"] = package.git;
  if (!package.commit.empty()) object["commit"] = package.commit;
  if (!package.local.empty()) object["local"] = package.local;
  if (!package.content_sha256.empty()) object["content_sha256"] = package.content_sha256;
  if (package.editable) object["editable"] = true;
  return object;
}

Error Damaged(std::string_view what) {
  return Error(ErrorCode::kCorrupt, fmt::format("a lock of packages is damaged: {}", what));
}

bool IsHash(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  return text.starts_with(kPrefix) && IsSha256Hex(text.substr(kPrefix.size()));
}

// Names and versions become arguments of pip: nothing in them may be read as an option or a URL.
bool IsPlain(std::string_view text) {
  return !text.empty() && text.size() <= 200 && text[0] != '-' &&
         text.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
             "._+!-") == text.npos;
}

Result<LockedPackage> PackageFromJson(const json::value& value) {
  if (!value.is_object()) return Damaged("a package is not an object");
  const json::object& object = value.get_object();
  LockedPackage package{.name = FindString(object, "name"),
                        .version = FindString(object, "version"),
                        .git = FindString(object, "git"),
                        .commit = FindString(object, "commit"),
                        .local = FindString(object, "local"),
                        .content_sha256 = FindString(object, "content_sha256"),
                        .editable = FindBool(object, "editable", false)};
  if (!IsPlain(package.name)) return Damaged("a package has no proper name");
  if (!IsPlain(package.version)) return Damaged(package.name + " has no proper version");
  if (const json::array* hashes = FindArray(object, "hashes"))
    for (const json::value& hash : *hashes) {
      if (!hash.is_string() || !IsHash(hash.get_string()))
        return Damaged(package.name + " has something that is not a hash");
      package.hashes.emplace_back(hash.get_string());
    }
  const bool git = !package.git.empty(), local = !package.local.empty();
  if (git && !IsPlain(package.commit)) return Damaged(package.name + " has no commit");
  if (!git && !local && package.hashes.empty()) return Damaged(package.name + " has no hash");
  return package;
}

}  // namespace

std::string Lock::Digest() const {
  json::object object = LockToJson(*this);
  object.erase("installer");
  return Sha256Hex(ToCanonicalJson(object));
}

json::object LockToJson(const Lock& lock) {
  json::array packages;
  for (const LockedPackage& package : lock.packages) packages.push_back(PackageToJson(package));
  return {{"python", lock.python},
          {"platform", lock.platform},
          {"installer", lock.installer},
          {"packages", std::move(packages)}};
}

Result<Lock> LockFromJson(const json::value& value) {
  if (!value.is_object()) return Damaged("it is not an object");
  const json::object& object = value.get_object();
  Lock lock{.python = FindString(object, "python"),
            .platform = FindString(object, "platform"),
            .installer = FindString(object, "installer")};
  const json::array* packages = FindArray(object, "packages");
  if (lock.python.empty() || packages == nullptr) return Damaged("it names no Python or packages");
  for (const json::value& item : *packages) {
    VLMHB_ASSIGN(LockedPackage package, PackageFromJson(item));
    lock.packages.push_back(std::move(package));
  }
  return lock;
}

}  // namespace vlmhb::packages
