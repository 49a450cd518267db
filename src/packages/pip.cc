#include "packages/pip.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "registry/package_source.h"

namespace vlmhb::packages {
namespace {

using registry::PackageSource;

constexpr size_t kMaxMessage = 2000;

Error BadReport(std::string_view what) {
  return Error(ErrorCode::kCorrupt, fmt::format("pip's report cannot be used: {}", what));
}

const json::object& ObjectAt(const json::object& object, std::string_view key) {
  static const json::object kEmpty;
  const json::object* found = FindObject(object, key);
  return found == nullptr ? kEmpty : *found;
}

std::vector<std::string> HashesOf(const json::object& archive) {
  std::vector<std::string> hashes;
  if (const std::string hash = FindString(ObjectAt(archive, "hashes"), "sha256"); !hash.empty())
    hashes.push_back("sha256:" + hash);
  constexpr std::string_view kOldForm = "sha256=";
  const std::string old = FindString(archive, "hash");
  if (hashes.empty() && old.starts_with(kOldForm))
    hashes.push_back("sha256:" + old.substr(kOldForm.size()));
  return hashes;
}

}  // namespace

std::string Requirement(const PackageSource& source, const std::string& path) {
  switch (source.type) {
    case PackageSource::Type::kGit:
      return "git+" + source.url + (source.ref.empty() ? "" : "@" + source.ref);
    case PackageSource::Type::kLocal:
      return path;
    case PackageSource::Type::kPypi:
      break;
  }
  if (source.version.empty()) return source.name;
  const bool specifier = std::string_view("<>=!~").find(source.version[0]) != std::string::npos;
  return source.name + (specifier ? "" : "==") + source.version;
}

Result<std::vector<LockedPackage>> PackagesOfReport(const json::value& report,
                                                    const std::vector<std::string>& local_paths,
                                                    const std::vector<std::string>& local_names) {
  const json::array* install =
      report.is_object() ? FindArray(report.get_object(), "install") : nullptr;
  if (install == nullptr) return BadReport("it has no 'install'");
  std::vector<LockedPackage> packages;
  for (const json::value& item : *install) {
    if (!item.is_object()) return BadReport("an item is not an object");
    const json::object& metadata = ObjectAt(item.get_object(), "metadata");
    const json::object& download = ObjectAt(item.get_object(), "download_info");
    LockedPackage package{.name = FindString(metadata, "name"),
                          .version = FindString(metadata, "version"),
                          .hashes = HashesOf(ObjectAt(download, "archive_info"))};
    const std::string url = FindString(download, "url");
    if (const json::object* git = FindObject(download, "vcs_info")) {
      if (registry::HoldsCredentials(url))
        return Error(ErrorCode::kInvalidConfig,
                     fmt::format("{} is required from {}; a lock cannot have credentials",
                                 package.name, WithoutCredentials(url)));
      package.git = url;
      package.commit = FindString(*git, "commit_id");
      package.hashes.clear();
    }
    for (size_t i = 0; i < local_paths.size(); ++i)
      if (url == "file://" + local_paths[i]) package.local = local_names.at(i);
    if (package.git.empty() && package.local.empty() && package.hashes.empty())
      return BadReport(package.name + " has no hash");
    packages.push_back(std::move(package));
  }
  std::sort(packages.begin(), packages.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return packages;
}

std::string HashedRequirements(const Lock& lock) {
  std::string text;
  for (const LockedPackage& package : lock.packages) {
    if (!package.git.empty() || !package.local.empty()) continue;
    text += package.name + "==" + package.version;
    for (const std::string& hash : package.hashes) text += " --hash=" + hash;
    text += "\n";
  }
  return text;
}

std::string WhyPipFailed(std::string_view output) {
  std::string errors;
  for (const std::string_view line : Split(output, '\n'))
    if (Trim(line).starts_with("ERROR:"))
      errors += (errors.empty() ? "" : "; ") + std::string(Trim(Trim(line).substr(6)));
  if (errors.empty()) errors = std::string(Trim(output));
  errors = WithoutCredentials(errors);  // before the cut, which could take the beginning of a URL
  if (errors.size() > kMaxMessage) errors = "..." + errors.substr(errors.size() - kMaxMessage);
  return errors.empty() ? "pip said nothing" : errors;
}

std::string WithoutCredentials(std::string_view text) {
  std::string clean;
  while (true) {
    const size_t scheme = text.find("://");
    if (scheme == text.npos) return clean + std::string(text);
    clean += text.substr(0, scheme + 3);
    text.remove_prefix(scheme + 3);
    const std::string_view url = text.substr(0, text.find_first_of(" \t\r\n\"'<>"));
    const size_t path = std::min(url.find_first_of("/?#"), url.size());
    const size_t at = url.substr(0, path).rfind('@');
    clean += at == url.npos ? url.substr(0, path) : "***" + std::string(url.substr(at, path - at));
    clean += registry::WithoutQuerySecrets(url.substr(path));
    text.remove_prefix(url.size());
  }
}

}  // namespace vlmhb::packages
