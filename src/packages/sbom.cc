#include "packages/sbom.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/hash.h"
#include "base/text.h"

namespace vlmhb::packages {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxStatus = 64u << 20;
constexpr size_t kMaxMetadata = 4u << 20;
constexpr size_t kMaxValue = 1000;  // CycloneDX takes versions of 1024 characters

// The value of "Key: value" in a block of such lines.
std::string Field(std::string_view block, std::string_view key) {
  for (const std::string_view line : Split(block, '\n')) {
    if (line.empty()) break;  // a description follows
    if (line.starts_with(key) && line.substr(key.size()).starts_with(":"))
      return Truncate(SanitizeUtf8(Trim(line.substr(key.size() + 1))), kMaxValue);
  }
  return "";
}

// As PEP 503 spells names.
std::string NormalName(std::string_view name) {
  std::string normal;
  for (const char c : AsciiLower(name)) {
    const bool separator = c == '-' || c == '_' || c == '.';
    if (!separator) normal += c;
    if (separator && !normal.ends_with('-')) normal += '-';
  }
  return normal;
}

json::object ComponentToJson(const Component& component) {
  json::object object{{"type", component.type}, {"name", component.name}};
  if (!component.version.empty()) object["version"] = component.version;
  if (!component.purl.empty()) {
    object["bom-ref"] = component.purl;
    object["purl"] = component.purl;
  }
  if (!component.sha256.empty())
    object["hashes"] = json::array{{{"alg", "SHA-256"}, {"content", component.sha256}}};
  return object;
}

// A UUID (RFC 9562, version 8) made of a digest.
std::string Uuid(const std::string& digest) {
  return fmt::format("{}-{}-8{}-a{}-{}", digest.substr(0, 8), digest.substr(8, 4),
                     digest.substr(13, 3), digest.substr(17, 3), digest.substr(20, 12));
}

}  // namespace

std::string PackageUrl(std::string_view type, std::string_view name, std::string_view version) {
  return fmt::format("pkg:{}/{}{}{}", type, PercentEncode(name), version.empty() ? "" : "@",
                     PercentEncode(version));
}

std::vector<Component> DebianPackages(std::string_view dpkg_status) {
  std::vector<Component> found;
  while (!dpkg_status.empty()) {
    const size_t end = dpkg_status.find("\n\n");
    const std::string_view block = dpkg_status.substr(0, end);
    dpkg_status.remove_prefix(end == dpkg_status.npos ? dpkg_status.size() : end + 2);
    const std::string name = Field(block, "Package"), version = Field(block, "Version");
    if (name.empty() || version.empty() || !Field(block, "Status").ends_with(" installed"))
      continue;
    found.push_back(
        {.type = "library",
         .name = name,
         .version = version,
         .purl = fmt::format("pkg:deb/debian/{}@{}?arch={}", PercentEncode(name),
                             PercentEncode(version), PercentEncode(Field(block, "Architecture")))});
  }
  return found;
}

std::vector<Component> PythonPackages(const os::Path& layer) {
  std::vector<Component> found;
  std::error_code error;
  for (fs::directory_iterator python(layer / "venv/lib", error), end; !error && python != end;
       python.increment(error)) {
    std::error_code inner;
    for (fs::directory_iterator at(python->path() / "site-packages", inner), last;
         !inner && at != last; at.increment(inner)) {
      if (at->path().extension() != ".dist-info") continue;
      const auto metadata = os::ReadFile(at->path() / "METADATA", kMaxMetadata);
      if (!metadata.ok()) continue;
      const std::string name = Field(*metadata, "Name"), version = Field(*metadata, "Version");
      if (name.empty()) continue;
      found.push_back({.type = "library",
                       .name = name,
                       .version = version,
                       .purl = PackageUrl("pypi", NormalName(name), version)});
    }
  }
  return found;
}

os::Path LayerOfSpec(const json::object& spec) {
  const json::object* infer = FindObject(spec, "infer");
  const json::object* model = infer == nullptr ? nullptr : FindObject(*infer, "model");
  const json::array* command = model == nullptr ? nullptr : FindArray(*model, "command");
  if (command == nullptr || command->empty() || !(*command)[0].is_string()) return "";
  // Where that is differs: without isolation it is the host's path.
  constexpr std::string_view kInterpreter = "/venv/bin/python";
  std::string_view program = (*command)[0].get_string();
  if (!program.ends_with(kInterpreter)) return "";
  program.remove_suffix(kInterpreter.size());
  return program;
}

std::vector<Component> TakeInventory(const os::Path& root, const os::Path& layer) {
  std::vector<Component> all;
  if (const auto status = os::ReadFile(root / "var/lib/dpkg/status", kMaxStatus); status.ok())
    all = DebianPackages(*status);
  if (!layer.empty())
    for (Component& component : PythonPackages(layer)) all.push_back(std::move(component));
  const auto key = [](const Component& c) { return std::tie(c.purl, c.name, c.version); };
  std::sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  // A purl is the reference of a component, and references are unique.
  const auto same = [](const auto& a, const auto& b) {
    return a.purl == b.purl && (!a.purl.empty() || a.name == b.name);
  };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
  return all;
}

json::object MakeSbom(const Inventory& inventory) {
  json::array components;
  for (const Component& component : inventory.components)
    components.push_back(ComponentToJson(component));
  json::object bom{{"bomFormat", "CycloneDX"},
                   {"specVersion", "1.6"},
                   {"version", 1},
                   {"metadata",
                    {{"component",
                      {{"type", "application"},
                       {"name", "vlmhb stage " + inventory.stage},
                       {"version", inventory.vlmhb_version}}}}},
                   {"components", std::move(components)}};
  bom["serialNumber"] = "urn:uuid:" + Uuid(Sha256Hex(ToCanonicalJson(bom)));
  return bom;
}

}  // namespace vlmhb::packages
