#include "packages/lock.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "registry/package_source.h"

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

constexpr std::string_view kGitSchemes[] = {"https://", "ssh://", "file://"};
constexpr std::string_view kSchema = "vlmhb.locks/2";

Error Damaged(std::string_view what) {
  return Error(ErrorCode::kCorrupt, fmt::format("a lock of packages is damaged: {}", what));
}

bool IsHash(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  return text.starts_with(kPrefix) && IsSha256Hex(text.substr(kPrefix.size()));
}

// Commits, names and versions become arguments of pip: nothing in them may be read as an option or
// a URL.
bool IsPlain(std::string_view text) {
  return !text.empty() && text.size() <= 200 && text[0] != '-' &&
         text.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
             "._+!-") == text.npos;
}

// It becomes an argument too, and git has transports that run programs.
bool IsGitUrl(std::string_view url) {
  const bool known = std::any_of(std::begin(kGitSchemes), std::end(kGitSchemes),
                                 [&](std::string_view scheme) { return url.starts_with(scheme); });
  const bool plain =
      std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  return known && plain && url.size() <= 2000 && !registry::HoldsCredentials(url);
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
  if (git && !IsGitUrl(package.git)) return Damaged(package.name + " has no proper git URL");
  if (git && !IsPlain(package.commit)) return Damaged(package.name + " has no commit");
  if (!git && !local && package.hashes.empty()) return Damaged(package.name + " has no hash");
  return package;
}

// The request with all that local folders held forgotten.
json::array WithoutContents(json::array request) {
  for (json::value& source : request)
    if (source.is_object()) source.get_object().erase("content_sha256");
  return request;
}

constexpr std::string_view kToDo = "To do: vlmhb env lock CONFIG, and look at what changed";

}  // namespace

std::string Lock::Digest() const {
  json::object object = LockToJson(*this);
  object.erase("installer");
  object.erase("request");
  return Sha256Hex(ToCanonicalJson(object));
}

std::string RequestKey(const json::array& request, const Interpreter& python) {
  return Sha256().UpdateField(ToCanonicalJson(request)).UpdateField(python.Kind()).HexDigest();
}

json::object LockToJson(const Lock& lock) {
  json::array packages;
  for (const LockedPackage& package : lock.packages) packages.push_back(PackageToJson(package));
  json::object object{{"request", lock.request}};
  Interpreter python = lock.python;
  python.system = "";
  for (auto& [key, value] : InterpreterToJson(python)) object[key] = value;
  object["installer"] = lock.installer;
  object["packages"] = std::move(packages);
  return object;
}

Result<Lock> LockFromJson(const json::value& value) {
  if (!value.is_object()) return Damaged("it is not an object");
  const json::object& object = value.get_object();
  Result<Interpreter> python = InterpreterFromJson(object);
  if (!python.ok()) return Damaged(python.error().message());
  Lock lock{.python = *std::move(python), .installer = FindString(object, "installer")};
  lock.python.system = "";
  const json::array* request = FindArray(object, "request");
  const json::array* packages = FindArray(object, "packages");
  if (request == nullptr || packages == nullptr) return Damaged("it names no request or packages");
  lock.request = *request;
  for (const json::value& item : *packages) {
    VLMHB_ASSIGN(LockedPackage package, PackageFromJson(item));
    lock.packages.push_back(std::move(package));
  }
  return lock;
}

json::object LockFileToJson(const LockFile& locks) {
  json::array list;
  for (const Lock& lock : locks) list.push_back(LockToJson(lock));
  return {{"schema", kSchema}, {"locks", std::move(list)}};
}

Result<LockFile> LockFileFromJson(const json::value& value) {
  const json::array* list = nullptr;
  if (value.is_object() && FindString(value.get_object(), "schema") == kSchema)
    list = FindArray(value.get_object(), "locks");
  if (list == nullptr)
    return Error(ErrorCode::kCorrupt,
                 fmt::format("this is not a lock file of this version ({}). {}", kSchema, kToDo));
  LockFile locks;
  for (const json::value& item : *list) {
    VLMHB_ASSIGN(Lock lock, LockFromJson(item));
    locks.push_back(std::move(lock));
  }
  return locks;
}

Result<Lock> FindLock(const LockFile& locks, const json::array& request,
                      const Interpreter& python) {
  std::vector<std::string> others;
  bool other_content = false;
  for (const Lock& lock : locks) {
    if (lock.request == request && lock.python.Kind() == python.Kind()) return lock;
    if (lock.request == request) others.push_back(lock.python.Kind());
    other_content = other_content || WithoutContents(lock.request) == WithoutContents(request);
  }
  if (!others.empty())
    return Error(
        ErrorCode::kInvalidConfig,
        fmt::format("the lock file beside the config has these packages for {}, and here "
                    "is {}. To do: run where that Python is, or vlmhb env lock CONFIG here",
                    Join(others, ", "), python.Kind()));
  return Error(
      ErrorCode::kInvalidConfig,
      other_content
          ? fmt::format("the folder of a local package is not as it was when the lock file "
                        "beside the config was written. {}",
                        kToDo)
          : fmt::format("the lock file beside the config has no lock for these packages. "
                        "{}",
                        kToDo));
}

LockFile MergeLocks(const LockFile& old, LockFile fresh) {
  LockFile merged = std::move(fresh);
  const size_t count = merged.size();
  for (const Lock& lock : old) {
    bool wanted = false, replaced = false;
    for (size_t i = 0; i < count; ++i) {
      const bool same = merged[i].request == lock.request;
      wanted = wanted || same;
      replaced = replaced || (same && merged[i].python.Kind() == lock.python.Kind());
    }
    if (wanted && !replaced) merged.push_back(lock);
  }
  // An order that does not depend on who wrote first keeps differences small.
  std::sort(merged.begin(), merged.end(), [](const Lock& a, const Lock& b) {
    return RequestKey(a.request, a.python) < RequestKey(b.request, b.python);
  });
  return merged;
}

}  // namespace vlmhb::packages
